"""The keys that seal patient data: their table, their change, and the sealing anew."""
