/* A disk that turns read-only under a running process, as the kernel makes one that has failed: while the
   file READ_ONLY_WHILE exists, nothing can be written to files, nor opened for writing. A mount cannot
   be used for it: the kernel refuses to remount what has files open for writing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_on(void) {
  const char *file = getenv("READ_ONLY_WHILE");
  int kept = errno, on = file && access(file, F_OK) == 0;
  errno = kept;
  return on;
}

static int is_file(int fd) {
  struct stat at;
  return fstat(fd, &at) == 0 && S_ISREG(at.st_mode);
}

#define REFUSE(when) if ((when) && is_on()) { errno = EROFS; return -1; }
#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *from, size_t size) { REAL(write); REFUSE(is_file(fd)); return real(fd, from, size); }
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) { REAL(pwrite); REFUSE(1); return real(fd, from, size, at); }
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) { REAL(pwrite64); REFUSE(1); return real(fd, from, size, at); }
int ftruncate(int fd, off_t size) { REAL(ftruncate); REFUSE(1); return real(fd, size); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); REFUSE(1); return real(fd, size); }
int unlink(const char *path) { REAL(unlink); REFUSE(1); return real(path); }

#define WRITES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))
#define MODE va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest)

int open(const char *path, int flags, ...) { REAL(open); MODE; REFUSE(WRITES(flags)); return real(path, flags, mode); }
int open64(const char *path, int flags, ...) { REAL(open64); MODE; REFUSE(WRITES(flags)); return real(path, flags, mode); }
