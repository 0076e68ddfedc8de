/* A disk that obeys a test: preloaded, it counts, slows down or fails each flush of the one file that is named in
   MDK_TEST_DISK_FILE. Its orders lie in the file MDK_TEST_DISK_ORDERS as five 64-bit numbers: flushes so far, milliseconds
   that each takes, the first flush that fails, the last one, and flushes that failed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct orders { int64_t flushes, delay_ms, first, last, failed; };

static struct orders *orders(void)
{
    static struct orders *found;
    const char *place = getenv("MDK_TEST_DISK_ORDERS");
    if (!found && place) {
        int file = open(place, O_RDWR);
        void *shared = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
        if (shared != MAP_FAILED) found = shared;
    }
    return found;
}

static int is_meant(int file)
{
    char link[64], path[4096];
    const char *wanted = getenv("MDK_TEST_DISK_FILE");
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || !wanted) return 0;
    path[length] = 0;
    return strncmp(path, wanted, strlen(wanted)) == 0;
}

static int flush(int file, const char *name)
{
    struct orders *told = orders();
    if (told && is_meant(file)) {
        int64_t number = __atomic_add_fetch(&told->flushes, 1, __ATOMIC_SEQ_CST);
        struct timespec delay = {told->delay_ms / 1000, told->delay_ms % 1000 * 1000000};
        nanosleep(&delay, NULL);
        if (number >= told->first && number <= told->last) {
            __atomic_add_fetch(&told->failed, 1, __ATOMIC_SEQ_CST);
            errno = EIO;
            return -1;
        }
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}

int fsync(int file) { return flush(file, "fsync"); }
int fdatasync(int file) { return flush(file, "fdatasync"); }
