"""What watches over the system asks here: whether it lives, whether it is ready, and what it counts."""

SEVERAL = "PROMETHEUS_MULTIPROC_DIR"  # the folder where several processes lay what each has counted
