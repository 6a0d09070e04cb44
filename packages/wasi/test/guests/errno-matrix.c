// Calls the functions of preview 1 directly and prints each errno, so that two hosts can be compared line by line.
// Expects one empty directory preopened; every section leaves it empty.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

#define ROOT 3
#define ALL_FILE                                                                                                       \
  (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL |                    \
   __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE | __WASI_RIGHTS_FD_FILESTAT_SET_TIMES |          \
   __WASI_RIGHTS_FD_ADVISE | __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_SYNC | __WASI_RIGHTS_FD_DATASYNC |           \
   __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS | __WASI_RIGHTS_POLL_FD_READWRITE)
#define ALL_DIR                                                                                                        \
  (__WASI_RIGHTS_FD_READDIR | __WASI_RIGHTS_PATH_OPEN | __WASI_RIGHTS_PATH_CREATE_FILE |                               \
   __WASI_RIGHTS_PATH_CREATE_DIRECTORY | __WASI_RIGHTS_PATH_UNLINK_FILE | __WASI_RIGHTS_PATH_REMOVE_DIRECTORY |        \
   __WASI_RIGHTS_PATH_FILESTAT_GET | __WASI_RIGHTS_PATH_SYMLINK | __WASI_RIGHTS_PATH_READLINK |                        \
   __WASI_RIGHTS_FD_FILESTAT_GET)

// Unbuffered, so that nothing is lost when a host traps.
static void line(const char *name, int errno_) {
  printf("%s: %d\n", name, errno_);
  fflush(stdout);
}

static void value(const char *name, long long number) {
  printf("%s = %lld\n", name, number);
  fflush(stdout);
}

static int open_at(int dir, const char *path, int lookup, int oflags, uint64_t rights, int flags, __wasi_fd_t *fd) {
  return __wasi_path_open(dir, lookup, path, oflags, rights, ALL_FILE | ALL_DIR, flags, fd);
}

// Opens, reports, closes.
static void try_open(const char *name, const char *path, int lookup, int oflags, uint64_t rights) {
  __wasi_fd_t fd;
  int error = open_at(ROOT, path, lookup, oflags, rights, 0, &fd);
  line(name, error);
  if (error == 0) __wasi_fd_close(fd);
}

static void make_file(const char *path) {
  __wasi_fd_t fd;
  if (open_at(ROOT, path, 0, __WASI_OFLAGS_CREAT, ALL_FILE, 0, &fd) == 0) __wasi_fd_close(fd);
}

static int write_to(int fd, const char *text, __wasi_size_t *done) {
  __wasi_ciovec_t v = {(const uint8_t *)text, strlen(text)};
  return __wasi_fd_write(fd, &v, 1, done);
}

static int read_from(int fd, char *buffer, size_t size, __wasi_size_t *done) {
  __wasi_iovec_t v = {(uint8_t *)buffer, size};
  return __wasi_fd_read(fd, &v, 1, done);
}

static void opening(void) {
  make_file("file");
  __wasi_path_create_directory(ROOT, "dir");
  __wasi_path_create_directory(ROOT, "dir/sub");
  make_file("dir/inner");
  __wasi_path_symlink("file", ROOT, "to-file");
  __wasi_path_symlink("dir", ROOT, "to-dir");
  __wasi_path_symlink("nowhere", ROOT, "to-nothing");
  __wasi_path_symlink("loop-b", ROOT, "loop-a");
  __wasi_path_symlink("loop-a", ROOT, "loop-b");
  __wasi_path_symlink("..", ROOT, "up");
  __wasi_path_symlink("dir/../../escape", ROOT, "out");
  __wasi_path_symlink("dir/sub/../inner", ROOT, "around");
  __wasi_path_symlink("to-dir/inner", ROOT, "two-steps");
  try_open("open existing", "file", 0, 0, ALL_FILE);
  try_open("open missing", "missing", 0, 0, ALL_FILE);
  try_open("open missing directory part", "missing/file", 0, 0, ALL_FILE);
  try_open("open file as directory part", "file/x", 0, 0, ALL_FILE);
  try_open("open file with slash", "file/", 0, 0, ALL_FILE);
  try_open("open file with slashes", "file///", 0, 0, ALL_FILE);
  try_open("open dir", "dir", 0, 0, 0);
  try_open("open dir with slash", "dir/", 0, 0, 0);
  try_open("open dir dot", "dir/.", 0, 0, 0);
  try_open("open dot", ".", 0, 0, 0);
  try_open("open dot slash", "./", 0, 0, 0);
  try_open("open dir dotdot", "dir/..", 0, 0, 0);
  try_open("open dotdot", "..", 0, 0, 0);
  try_open("open dir dotdot dotdot", "dir/../..", 0, 0, 0);
  try_open("open winding", "dir/.//sub/../../dir/sub/../../file", 0, 0, 0);
  try_open("open absolute", "/file", 0, 0, 0);
  try_open("open empty", "", 0, 0, 0);
  try_open("open missing then dotdot", "missing/../file", 0, 0, 0);
  try_open("open file then dotdot", "file/../file", 0, 0, 0);
  try_open("open create exclusive existing", "file", 0, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, ALL_FILE);
  try_open("open create exclusive link", "to-nothing", 0, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, ALL_FILE);
  try_open("open create on directory", "dir", 0, __WASI_OFLAGS_CREAT, ALL_FILE);
  try_open("open create with slash", "new/", 0, __WASI_OFLAGS_CREAT, ALL_FILE);
  try_open("open create existing dir with slash", "dir/", 0, __WASI_OFLAGS_CREAT, 0);
  try_open("open create in missing", "missing/new", 0, __WASI_OFLAGS_CREAT, ALL_FILE);
  try_open("open create directory", "new-dir", 0, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_DIRECTORY, ALL_DIR);
  try_open("open file as directory", "file", 0, __WASI_OFLAGS_DIRECTORY, 0);
  try_open("open dir as directory", "dir", 0, __WASI_OFLAGS_DIRECTORY, ALL_DIR);
  try_open("open dir for writing", "dir", 0, 0, __WASI_RIGHTS_FD_WRITE);
  try_open("open dir for reading", "dir", 0, 0, __WASI_RIGHTS_FD_READ);
  try_open("open dir directory for writing", "dir", 0, __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_READ);
  try_open("open dot directory for writing", ".", 0, __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_READ);
  try_open("open dir truncate", "dir", 0, __WASI_OFLAGS_TRUNC, 0);
  try_open("open link nofollow", "to-file", 0, 0, ALL_FILE);
  try_open("open link follow", "to-file", 1, 0, ALL_FILE);
  try_open("open link to dir nofollow", "to-dir", 0, 0, 0);
  try_open("open link to dir nofollow directory", "to-dir", 0, __WASI_OFLAGS_DIRECTORY, 0);
  try_open("open link to dir follow directory", "to-dir", 1, __WASI_OFLAGS_DIRECTORY, 0);
  try_open("open link to file follow directory", "to-file", 1, __WASI_OFLAGS_DIRECTORY, 0);
  try_open("open link to dir slash nofollow", "to-dir/", 0, 0, 0);
  try_open("open through link", "to-dir/inner", 0, 0, ALL_FILE);
  try_open("open dangling nofollow", "to-nothing", 0, 0, ALL_FILE);
  try_open("open dangling follow", "to-nothing", 1, 0, ALL_FILE);
  try_open("open dangling directory", "to-nothing", 0, __WASI_OFLAGS_DIRECTORY, 0);
  try_open("open loop nofollow", "loop-a", 0, 0, ALL_FILE);
  try_open("open loop follow", "loop-a", 1, 0, ALL_FILE);
  try_open("open through loop", "loop-a/x", 0, 0, ALL_FILE);
  try_open("open up", "up", 1, 0, 0);
  try_open("open through up", "up/etc/passwd", 0, 0, 0);
  try_open("open out", "out", 1, 0, 0);
  try_open("create through out", "out", 1, __WASI_OFLAGS_CREAT, ALL_FILE);
  try_open("open around", "around", 1, 0, 0);
  try_open("open two steps", "two-steps", 1, 0, 0);
  try_open("create through dangling", "to-nothing", 1, __WASI_OFLAGS_CREAT, ALL_FILE);
  line("unlink created through dangling", __wasi_path_unlink_file(ROOT, "nowhere"));
  __wasi_fd_t fd, other;
  open_at(ROOT, "file", 0, 0, ALL_FILE, 0, &fd);
  line("open beneath a file", open_at(fd, "x", 0, 0, 0, 0, &other));
  line("open beneath a closed descriptor", open_at(99, "x", 0, 0, 0, 0, &other));
  line("open beneath stdin", open_at(0, "x", 0, 0, 0, 0, &other));
  __wasi_fd_close(fd);
  const char *names[] = {"to-file", "to-dir", "to-nothing", "loop-a", "loop-b", "up", "out", "around", "two-steps", "file", "dir/inner"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) line(names[i], __wasi_path_unlink_file(ROOT, names[i]));
  line("rmdir dir/sub", __wasi_path_remove_directory(ROOT, "dir/sub"));
  line("rmdir dir", __wasi_path_remove_directory(ROOT, "dir"));
}

static void entries(void) {
  line("mkdir", __wasi_path_create_directory(ROOT, "d"));
  line("mkdir again", __wasi_path_create_directory(ROOT, "d"));
  line("mkdir with slash", __wasi_path_create_directory(ROOT, "e/"));
  line("mkdir in missing", __wasi_path_create_directory(ROOT, "missing/x"));
  line("mkdir dot", __wasi_path_create_directory(ROOT, "."));
  line("mkdir dotdot", __wasi_path_create_directory(ROOT, "d/.."));
  line("mkdir outside", __wasi_path_create_directory(ROOT, "../x"));
  line("mkdir absolute", __wasi_path_create_directory(ROOT, "/x"));
  line("mkdir empty", __wasi_path_create_directory(ROOT, ""));
  make_file("f");
  line("mkdir on file", __wasi_path_create_directory(ROOT, "f"));
  line("mkdir on file with slash", __wasi_path_create_directory(ROOT, "f/"));
  line("rmdir file", __wasi_path_remove_directory(ROOT, "f"));
  line("rmdir file with slash", __wasi_path_remove_directory(ROOT, "f/"));
  line("rmdir missing", __wasi_path_remove_directory(ROOT, "missing"));
  line("rmdir dot", __wasi_path_remove_directory(ROOT, "."));
  line("rmdir dir dot", __wasi_path_remove_directory(ROOT, "e/."));
  line("rmdir dir dotdot", __wasi_path_remove_directory(ROOT, "d/.."));
  line("rmdir with slash", __wasi_path_remove_directory(ROOT, "e/"));
  make_file("d/x");
  line("rmdir not empty", __wasi_path_remove_directory(ROOT, "d"));
  line("unlink dir", __wasi_path_unlink_file(ROOT, "d"));
  line("unlink dir with slash", __wasi_path_unlink_file(ROOT, "d/"));
  line("unlink file with slash", __wasi_path_unlink_file(ROOT, "f/"));
  line("unlink missing", __wasi_path_unlink_file(ROOT, "missing"));
  line("unlink missing with slash", __wasi_path_unlink_file(ROOT, "missing/"));
  line("unlink dot", __wasi_path_unlink_file(ROOT, "."));
  line("unlink outside", __wasi_path_unlink_file(ROOT, "../f"));
  line("symlink", __wasi_path_symlink("f", ROOT, "l"));
  line("symlink existing", __wasi_path_symlink("f", ROOT, "l"));
  line("symlink on dir", __wasi_path_symlink("f", ROOT, "d"));
  line("symlink on dir with slash", __wasi_path_symlink("f", ROOT, "d/"));
  line("symlink on file with slash", __wasi_path_symlink("f", ROOT, "f/"));
  line("symlink with slash", __wasi_path_symlink("f", ROOT, "new/"));
  line("symlink absolute target", __wasi_path_symlink("/etc/passwd", ROOT, "abs"));
  line("symlink upward target", __wasi_path_symlink("../../x", ROOT, "upward"));
  line("symlink empty target", __wasi_path_symlink("", ROOT, "empty"));
  line("symlink to slash", __wasi_path_symlink("/", ROOT, "slash"));
  line("symlink outside", __wasi_path_symlink("f", ROOT, "../l"));
  char buffer[64];
  __wasi_size_t used = 0;
  line("readlink", __wasi_path_readlink(ROOT, "upward", (uint8_t *)buffer, sizeof buffer, &used));
  value("readlink length", used);
  line("readlink short", __wasi_path_readlink(ROOT, "upward", (uint8_t *)buffer, 3, &used));
  value("readlink short length", used);
  line("readlink none", __wasi_path_readlink(ROOT, "upward", (uint8_t *)buffer, 0, &used));
  line("readlink file", __wasi_path_readlink(ROOT, "f", (uint8_t *)buffer, sizeof buffer, &used));
  line("readlink dir", __wasi_path_readlink(ROOT, "d", (uint8_t *)buffer, sizeof buffer, &used));
  line("readlink missing", __wasi_path_readlink(ROOT, "missing", (uint8_t *)buffer, sizeof buffer, &used));
  line("readlink dot", __wasi_path_readlink(ROOT, ".", (uint8_t *)buffer, sizeof buffer, &used));
  line("unlink link", __wasi_path_unlink_file(ROOT, "l"));
  line("unlink upward", __wasi_path_unlink_file(ROOT, "upward"));
  line("unlink through dir", __wasi_path_unlink_file(ROOT, "d/../d/x"));
  line("unlink f", __wasi_path_unlink_file(ROOT, "f"));
  line("rmdir d", __wasi_path_remove_directory(ROOT, "d"));
}

static void moving(void) {
  make_file("f");
  make_file("g");
  __wasi_path_create_directory(ROOT, "d");
  __wasi_path_create_directory(ROOT, "e");
  make_file("e/x");
  __wasi_path_symlink("d", ROOT, "to-d");
  __wasi_path_symlink("f", ROOT, "to-f");
  line("link", __wasi_path_link(ROOT, 0, "f", ROOT, "h"));
  line("link existing", __wasi_path_link(ROOT, 0, "f", ROOT, "g"));
  line("link self", __wasi_path_link(ROOT, 0, "f", ROOT, "f"));
  line("link on dir", __wasi_path_link(ROOT, 0, "f", ROOT, "d"));
  line("link dir", __wasi_path_link(ROOT, 0, "d", ROOT, "i"));
  line("link missing", __wasi_path_link(ROOT, 0, "missing", ROOT, "i"));
  line("link target with slash", __wasi_path_link(ROOT, 0, "f", ROOT, "i/"));
  line("link source with slash", __wasi_path_link(ROOT, 0, "f/", ROOT, "i"));
  line("link outside", __wasi_path_link(ROOT, 0, "f", ROOT, "../i"));
  line("link from outside", __wasi_path_link(ROOT, 0, "../f", ROOT, "i"));
  line("link symlink", __wasi_path_link(ROOT, 0, "to-f", ROOT, "i"));
  line("unlink i", __wasi_path_unlink_file(ROOT, "i"));
  line("rename file", __wasi_path_rename(ROOT, "h", ROOT, "j"));
  line("rename onto file", __wasi_path_rename(ROOT, "j", ROOT, "g"));
  line("rename missing", __wasi_path_rename(ROOT, "missing", ROOT, "k"));
  line("rename onto itself", __wasi_path_rename(ROOT, "f", ROOT, "f"));
  line("rename file onto dir", __wasi_path_rename(ROOT, "f", ROOT, "d"));
  line("rename dir onto file", __wasi_path_rename(ROOT, "d", ROOT, "f"));
  line("rename dir onto full dir", __wasi_path_rename(ROOT, "d", ROOT, "e"));
  line("rename dir into itself", __wasi_path_rename(ROOT, "e", ROOT, "e/y"));
  line("rename dir onto empty dir", __wasi_path_rename(ROOT, "e", ROOT, "d"));
  line("rename dir with slash", __wasi_path_rename(ROOT, "d/", ROOT, "e"));
  line("rename dir to slash", __wasi_path_rename(ROOT, "e", ROOT, "d/"));
  line("rename dir slashes", __wasi_path_rename(ROOT, "d/", ROOT, "e/"));
  line("rename file with slash", __wasi_path_rename(ROOT, "f/", ROOT, "k"));
  line("rename file to slash", __wasi_path_rename(ROOT, "f", ROOT, "k/"));
  line("rename link", __wasi_path_rename(ROOT, "to-d", ROOT, "l"));
  line("rename link with slash", __wasi_path_rename(ROOT, "l/", ROOT, "m"));
  line("rename dot", __wasi_path_rename(ROOT, ".", ROOT, "m"));
  line("rename onto dot", __wasi_path_rename(ROOT, "e", ROOT, "."));
  line("rename outside", __wasi_path_rename(ROOT, "f", ROOT, "../f"));
  line("rename from outside", __wasi_path_rename(ROOT, "../f", ROOT, "n"));
  const char *names[] = {"f", "g", "e/x", "l", "to-f"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) line(names[i], __wasi_path_unlink_file(ROOT, names[i]));
  line("rmdir e", __wasi_path_remove_directory(ROOT, "e"));
}

static void files(void) {
  __wasi_fd_t fd, ro, wo;
  __wasi_size_t done = 77;
  __wasi_filesize_t at = 77;
  __wasi_filestat_t stat;
  char buffer[32] = {0};
  line("create", open_at(ROOT, "f", 0, __WASI_OFLAGS_CREAT, ALL_FILE, 0, &fd));
  line("write", write_to(fd, "hello world", &done));
  value("written", done);
  line("tell", __wasi_fd_tell(fd, &at));
  value("told", at);
  line("seek set", __wasi_fd_seek(fd, 6, __WASI_WHENCE_SET, &at));
  line("read", read_from(fd, buffer, sizeof buffer, &done));
  value("read bytes", done);
  printf("%s\n", buffer);
  line("read at end", read_from(fd, buffer, sizeof buffer, &done));
  value("read bytes", done);
  line("seek before start", __wasi_fd_seek(fd, -100, __WASI_WHENCE_CUR, &at));
  line("seek beyond end", __wasi_fd_seek(fd, 100, __WASI_WHENCE_END, &at));
  value("sought", at);
  line("read beyond end", read_from(fd, buffer, sizeof buffer, &done));
  value("read bytes", done);
  __wasi_iovec_t in = {(uint8_t *)buffer, 5};
  __wasi_ciovec_t out = {(const uint8_t *)"HELLO", 5};
  line("pread", __wasi_fd_pread(fd, &in, 1, 2, &done));
  value("pread bytes", done);
  line("pread beyond end", __wasi_fd_pread(fd, &in, 1, 1000, &done));
  value("pread bytes", done);
  line("pwrite", __wasi_fd_pwrite(fd, &out, 1, 6, &done));
  line("tell after pwrite", __wasi_fd_tell(fd, &at));
  value("told", at);
  line("set size", __wasi_fd_filestat_set_size(fd, 40));
  line("filestat", __wasi_fd_filestat_get(fd, &stat));
  value("size", stat.size);
  value("links", stat.nlink);
  value("type", stat.filetype);
  line("allocate zero", __wasi_fd_allocate(fd, 0, 0));
  line("advise", __wasi_fd_advise(fd, 0, 10, __WASI_ADVICE_WILLNEED));
  line("sync", __wasi_fd_sync(fd));
  line("datasync", __wasi_fd_datasync(fd));
  line("set times", __wasi_fd_filestat_set_times(fd, 1111222333444555666ull, 1222333444555666777ull, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM));
  __wasi_fd_filestat_get(fd, &stat);
  value("atim", stat.atim);
  value("mtim", stat.mtim);
  line("set mtim only", __wasi_fd_filestat_set_times(fd, 0, 1222333444555666778ull, __WASI_FSTFLAGS_MTIM));
  __wasi_fd_filestat_get(fd, &stat);
  value("atim", stat.atim);
  value("mtim", stat.mtim);
  line("set times both", __wasi_fd_filestat_set_times(fd, 0, 0, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW));
  line("set times both m", __wasi_fd_filestat_set_times(fd, 0, 0, __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW));
  line("path set times", __wasi_path_filestat_set_times(ROOT, 0, "f", 5, 7, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM));
  line("path filestat", __wasi_path_filestat_get(ROOT, 0, "f", &stat));
  value("atim", stat.atim);
  value("mtim", stat.mtim);
  line("path filestat missing", __wasi_path_filestat_get(ROOT, 0, "missing", &stat));
  line("path filestat slash", __wasi_path_filestat_get(ROOT, 0, "f/", &stat));
  line("path filestat dot", __wasi_path_filestat_get(ROOT, 0, ".", &stat));
  value("type", stat.filetype);
  line("path filestat outside", __wasi_path_filestat_get(ROOT, 0, "..", &stat));
  line("path set times missing", __wasi_path_filestat_set_times(ROOT, 0, "missing", 5, 7, 5));
  __wasi_path_symlink("f", ROOT, "l");
  line("path filestat link", __wasi_path_filestat_get(ROOT, 0, "l", &stat));
  value("type", stat.filetype);
  line("path filestat link follow", __wasi_path_filestat_get(ROOT, 1, "l", &stat));
  value("type", stat.filetype);
  line("unlink l", __wasi_path_unlink_file(ROOT, "l"));
  line("open read only", open_at(ROOT, "f", 0, 0, __WASI_RIGHTS_FD_READ, 0, &ro));
  line("write read only", write_to(ro, "x", &done));
  line("pwrite read only", __wasi_fd_pwrite(ro, &out, 1, 0, &done));
  line("open write only", open_at(ROOT, "f", 0, 0, __WASI_RIGHTS_FD_WRITE, 0, &wo));
  line("read write only", read_from(wo, buffer, sizeof buffer, &done));
  line("append flag", __wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_APPEND));
  __wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &at);
  line("append", write_to(fd, "end", &done));
  line("tell after append", __wasi_fd_tell(fd, &at));
  value("told", at);
  __wasi_fd_filestat_get(fd, &stat);
  value("size", stat.size);
  line("no flags", __wasi_fd_fdstat_set_flags(fd, 0));
  line("write no iovs", __wasi_fd_write(fd, &out, 0, &done));
  value("written", done);
  line("read no iovs", __wasi_fd_read(fd, &in, 0, &done));
  __wasi_fdstat_t fdstat;
  line("fdstat", __wasi_fd_fdstat_get(fd, &fdstat));
  value("fdstat type", fdstat.fs_filetype);
  value("fdstat flags", fdstat.fs_flags);
  line("prestat of file", __wasi_fd_prestat_get(fd, (__wasi_prestat_t *)buffer));
  line("readdir of file", __wasi_fd_readdir(fd, (uint8_t *)buffer, sizeof buffer, 0, &done));
  line("renumber", __wasi_fd_renumber(ro, wo));
  line("close renumbered", __wasi_fd_close(ro));
  line("renumber to closed", __wasi_fd_renumber(wo, ro));
  line("renumber self", __wasi_fd_renumber(wo, wo));
  line("close", __wasi_fd_close(wo));
  line("close again", __wasi_fd_close(wo));
  line("close huge", __wasi_fd_close(0x7fffffff));
  line("close negative", __wasi_fd_close(-1));
  line("unlink open", __wasi_path_unlink_file(ROOT, "f"));
  line("filestat unlinked", __wasi_fd_filestat_get(fd, &stat));
  value("links", stat.nlink);
  line("read unlinked", __wasi_fd_pread(fd, &in, 1, 0, &done));
  line("close unlinked", __wasi_fd_close(fd));
}

static void descriptors(void) {
  __wasi_size_t done;
  __wasi_filesize_t at;
  __wasi_filestat_t stat;
  __wasi_prestat_t prestat;
  uint8_t buffer[64];
  char text[8];
  __wasi_iovec_t in = {buffer, 8};
  __wasi_ciovec_t out = {buffer, 8};
  line("dir read", read_from(ROOT, text, 8, &done));
  line("dir pread", __wasi_fd_pread(ROOT, &in, 1, 0, &done));
  line("dir write", write_to(ROOT, "x", &done));
  line("dir pwrite", __wasi_fd_pwrite(ROOT, &out, 1, 0, &done));
  line("dir seek", __wasi_fd_seek(ROOT, 0, __WASI_WHENCE_SET, &at));
  line("dir tell", __wasi_fd_tell(ROOT, &at));
  line("dir allocate", __wasi_fd_allocate(ROOT, 0, 1));
  line("dir advise", __wasi_fd_advise(ROOT, 0, 1, 0));
  line("dir set size", __wasi_fd_filestat_set_size(ROOT, 0));
  line("dir filestat", __wasi_fd_filestat_get(ROOT, &stat));
  value("type", stat.filetype);
  line("dir sync", __wasi_fd_sync(ROOT));
  line("dir datasync", __wasi_fd_datasync(ROOT));
  line("prestat", __wasi_fd_prestat_get(ROOT, &prestat));
  value("prestat length", prestat.u.dir.pr_name_len);
  line("prestat name", __wasi_fd_prestat_dir_name(ROOT, buffer, prestat.u.dir.pr_name_len));
  line("prestat name long buffer", __wasi_fd_prestat_dir_name(ROOT, buffer, 64));
  line("prestat name short buffer", __wasi_fd_prestat_dir_name(ROOT, buffer, 0));
  line("prestat stdin", __wasi_fd_prestat_get(0, &prestat));
  line("prestat closed", __wasi_fd_prestat_get(50, &prestat));
  line("closed read", read_from(50, text, 8, &done));
  line("closed write", write_to(50, "x", &done));
  line("closed filestat", __wasi_fd_filestat_get(50, &stat));
  line("closed sync", __wasi_fd_sync(50));
  line("stdout seek", __wasi_fd_seek(1, 0, __WASI_WHENCE_SET, &at));
  line("stdout tell", __wasi_fd_tell(1, &at));
  line("stdout read", read_from(1, text, 8, &done));
  line("stdin write", write_to(0, "x", &done));
  line("stdin read", read_from(0, text, 8, &done));
  line("stdout pwrite", __wasi_fd_pwrite(1, &out, 1, 0, &done));
  line("stdout allocate", __wasi_fd_allocate(1, 0, 1));
  line("stdout advise", __wasi_fd_advise(1, 0, 1, 0));
  line("stdout sync", __wasi_fd_sync(1));
  line("stdout set size", __wasi_fd_filestat_set_size(1, 0));
  line("stdout filestat", __wasi_fd_filestat_get(1, &stat));
  value("type", stat.filetype);
  line("stdout set times", __wasi_fd_filestat_set_times(1, 0, 0, 0));
  line("stdout readdir", __wasi_fd_readdir(1, buffer, 64, 0, &done));
  line("shutdown closed", __wasi_sock_shutdown(50, __WASI_SDFLAGS_RD));
  line("shutdown dir", __wasi_sock_shutdown(ROOT, __WASI_SDFLAGS_RD));
  line("shutdown stdout", __wasi_sock_shutdown(1, __WASI_SDFLAGS_RD));
  __wasi_timestamp_t time;
  for (int id = 0; id < 4; id++) line("clock res", __wasi_clock_res_get(id, &time));
  for (int id = 0; id < 4; id++) line("clock time", __wasi_clock_time_get(id, 0, &time));
}

static void faults(void) {
  __wasi_size_t done;
  uint8_t buffer[16];
  const uint32_t far = 0xfffffff0u;
  __wasi_iovec_t in = {(uint8_t *)far, 64};
  __wasi_ciovec_t out = {(const uint8_t *)far, 64};
  line("write far buffer", __wasi_fd_write(1, &out, 1, &done));
  line("read far buffer", __wasi_fd_read(0, &in, 1, &done));
  line("random far", __wasi_random_get((uint8_t *)far, 64));
  line("random none", __wasi_random_get(buffer, 0));
  line("write far list", __wasi_fd_write(1, (const __wasi_ciovec_t *)far, 4, &done));
  line("clock far", __wasi_clock_time_get(0, 0, (__wasi_timestamp_t *)far));
}

static void polling(void) {
  __wasi_subscription_t subs[3];
  __wasi_event_t events[3];
  __wasi_size_t count = 0;
  memset(subs, 0, sizeof subs);
  line("poll none", __wasi_poll_oneoff(subs, events, 0, &count));
  subs[0].userdata = 7;
  subs[0].u.tag = __WASI_EVENTTYPE_CLOCK;
  subs[0].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
  subs[0].u.u.clock.timeout = 2000000;
  line("poll clock", __wasi_poll_oneoff(subs, events, 1, &count));
  value("events", count);
  value("userdata", events[0].userdata);
  value("type", events[0].type);
  value("error", events[0].error);
  subs[0].u.u.clock.timeout = 60000000000ull;
  subs[1].userdata = 8;
  subs[1].u.tag = __WASI_EVENTTYPE_FD_WRITE;
  subs[1].u.u.fd_write.file_descriptor = 1;
  line("poll stdout", __wasi_poll_oneoff(subs, events, 2, &count));
  value("events", count);
  value("userdata", events[0].userdata);
  value("error", events[0].error);
  subs[1].u.tag = __WASI_EVENTTYPE_FD_READ;
  subs[1].u.u.fd_read.file_descriptor = 0;
  line("poll stdin at end", __wasi_poll_oneoff(subs, events, 2, &count));
  value("events", count);
  value("userdata", events[0].userdata);
  value("error", events[0].error);
  subs[0].u.u.clock.id = __WASI_CLOCKID_REALTIME;
  subs[0].u.u.clock.timeout = 1;
  subs[0].u.u.clock.flags = __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME;
  line("poll past", __wasi_poll_oneoff(subs, events, 1, &count));
  value("events", count);
  __wasi_fd_t fd;
  open_at(ROOT, "p", 0, __WASI_OFLAGS_CREAT, ALL_FILE, 0, &fd);
  subs[1].u.u.fd_read.file_descriptor = fd;
  line("poll file", __wasi_poll_oneoff(subs + 1, events, 1, &count));
  value("events", count);
  value("error", events[0].error);
  __wasi_fd_close(fd);
  line("unlink p", __wasi_path_unlink_file(ROOT, "p"));
  line("yield", __wasi_sched_yield());
}

static void listing(void) {
  uint8_t buffer[512];
  __wasi_size_t used;
  make_file("one");
  line("readdir", __wasi_fd_readdir(ROOT, buffer, sizeof buffer, 0, &used));
  value("used", used);
  unsigned offset = 0, entries = 0;
  while (offset + 24 <= used) {
    __wasi_dirent_t entry;
    memcpy(&entry, buffer + offset, sizeof entry);
    printf("%.*s type %d\n", (int)entry.d_namlen, (char *)buffer + offset + 24, entry.d_type);
    offset += 24 + entry.d_namlen;
    entries++;
  }
  value("entries", entries);
  line("readdir short", __wasi_fd_readdir(ROOT, buffer, 30, 0, &used));
  value("used", used);
  line("readdir none", __wasi_fd_readdir(ROOT, buffer, 0, 0, &used));
  value("used", used);
  line("readdir far cookie", __wasi_fd_readdir(ROOT, buffer, sizeof buffer, 1000, &used));
  value("used", used);
  line("unlink one", __wasi_path_unlink_file(ROOT, "one"));
}

int main(void) {
  opening();
  entries();
  moving();
  files();
  descriptors();
  polling();
  listing();
  fflush(stdout);
  faults();
  return 0;
}
