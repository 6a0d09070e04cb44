// The C library over preview 1: files, directories, time, environment and standard input as a program uses them.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path) {
  char *names[64];
  int count = 0;
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory && (entry = readdir(directory));) {
    struct stat stat;
    fstatat(dirfd(directory), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW);
    if (strcmp(entry->d_name, "..") && stat.st_ino != entry->d_ino) printf("inode of %s differs\n", entry->d_name);
    names[count++] = strdup(entry->d_name);
  }
  closedir(directory);
  qsort(names, count, sizeof *names, compare);
  for (int i = 0; i < count; i++) printf("%s%s", i ? " " : "", names[i]);
  printf("\n");
}

int main(int argc, char **argv) {
  printf("%d %s %s\n", argc, argv[1], getenv("GREETING"));
  mkdir("/data/dir", 0777);
  FILE *file = fopen("/data/dir/file", "w+");
  for (int i = 0; i < 1000; i++) fprintf(file, "line %d\n", i);
  fseek(file, 6 * 10, SEEK_SET);
  char buffer[256];
  printf("%s", fgets(buffer, sizeof buffer, file));
  printf("%ld\n", ftell(file));
  fclose(file);
  file = fopen("/data/dir/file", "a");
  fprintf(file, "appended\n");
  fclose(file);
  struct stat stat_;
  stat("/data/dir/file", &stat_);
  printf("%lld %d\n", (long long)stat_.st_size, S_ISREG(stat_.st_mode));
  symlink("dir/file", "/data/link");
  lstat("/data/link", &stat_);
  printf("%d\n", S_ISLNK(stat_.st_mode));
  link("/data/dir/file", "/data/hard");
  stat("/data/hard", &stat_);
  printf("%d\n", (int)stat_.st_nlink);
  int length = readlink("/data/link", buffer, sizeof buffer);
  printf("%.*s\n", length, buffer);
  list("/data");
  rename("/data/hard", "/data/moved");
  list("/data/");
  printf("%d %s\n", open("/data/missing", O_RDONLY), strerror(errno));
  printf("%d %s\n", rmdir("/data/dir"), strerror(errno));
  printf("%d %s\n", unlink("/data/dir"), strerror(errno));
  printf("%d %s\n", mkdir("/data/dir", 0777), strerror(errno));
  int fd = open("/data/dir/file", O_RDONLY);
  printf("%d %s\n", (int)write(fd, "x", 1), strerror(errno));
  struct timespec times[2] = {{1000000000, 1}, {1100000000, 999999999}};
  printf("%d\n", futimens(fd, times));
  fstat(fd, &stat_);
  printf("%lld.%09ld\n", (long long)stat_.st_mtim.tv_sec, stat_.st_mtim.tv_nsec);
  close(fd);
  truncate("/data/moved", 3);
  stat("/data/dir/file", &stat_);
  printf("%lld\n", (long long)stat_.st_size);
  const char *names[] = {"/data/link", "/data/moved", "/data/dir/file"};
  for (int i = 0; i < 3; i++) printf("%d ", unlink(names[i]));
  printf("%d\n", rmdir("/data/dir"));
  struct timespec before, after, pause = {0, 5000000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  nanosleep(&pause, 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long long slept = (after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec;
  printf("slept %d\n", slept >= 5000000);
  struct pollfd poll_ = {0, POLLIN, 0};
  printf("poll %d\n", poll(&poll_, 1, 1000));
  while (fgets(buffer, sizeof buffer, stdin)) printf("in: %s", buffer);
  printf("tty %d %d\n", isatty(0), isatty(1));
  fprintf(stderr, "to stderr\n");
  return 42;
}
