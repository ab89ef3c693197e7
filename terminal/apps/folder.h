/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder: an app's folder on disk, which nothing leaves.
 *
 * All paths are relative to the root and walked beneath it without following a link.  An app whose
 * path is a file has the file's folder as root and sees only that file.  Temporary files of ours
 * (`.cloudbox-…~`) are never seen.
 */
#ifndef APPS_FOLDER_H
#define APPS_FOLDER_H

#include "apps/adapter.h"
#include "os/os.h"

#define FOLDER_PART_MAX 255 /* bytes of one name: NAME_MAX of Linux's file systems */

struct folder_root {
	int fd;     /* of the root; -1 when closed */
	char *only; /* the one file's name, or NULL */
};

#define FOLDER_ROOT_INIT                                                                           \
	{                                                                                          \
		-1, NULL                                                                           \
	}

/** @path absolute; links in it are followed here, once.  ERR_NOT_FOUND, ERR_IO. */
int folder_open(struct folder_root *out, const char *path, struct err *err);
void folder_close(struct folder_root *f);

struct app_stamp folder_stamp(const struct stat *st);

#define FOLDER_TEMPORARY_BYTES 32

/** A name for a temporary file or folder of ours. */
void folder_temporary_name(char out[static FOLDER_TEMPORARY_BYTES]);

/** Remove the folder @name in @fd with all that is in it; links are removed, not followed.  Of a name
 *  of ours only.  0 (also if there is none) or -1. */
int folder_remove_tree(int fd, const char *name, struct err *err);

/** Is @name one of our temporary files? */
bool folder_is_temporary(const char *name);

/** ERR_USAGE: empty, absolute, with an empty, "." or ".." part, a part over 255 bytes, a path over
 *  APP_PATH_MAX, or one of our temporary files. */
int folder_path_check(const char *path, struct err *err);

/** Is a source of this name ours?  NULL: all are. */
typedef bool folder_wants_fn(const char *name);

/** Does @path lead through a hidden folder?  Programs keep their caches, histories and dustbins of items there
 *  (`.Radicale.cache`, `.stversions`). */
bool folder_path_is_hidden(const char *path);

/** Call @fn for every regular file, by path bytewise; @refused for links, devices, sockets, pipes,
 *  folders that cannot be listed and paths too long.  With @wants, hidden folders are passed over. */
int folder_walk(const struct folder_root *f, folder_wants_fn *wants, app_source_fn *fn,
		app_refused_fn *refused, void *ctx, struct err *err);

/** Open the regular file @path for reading if it still has @stamp.  The caller closes *fd.
 *  0, APP_MOVED or -1. */
int folder_open_file(int *fd, const struct folder_root *f, const char *path,
		     const struct app_stamp *stamp, struct err *err);

/** The stamp of the regular file now at @path.  0, APP_MOVED (there is none) or -1. */
int folder_stamp_of(struct app_stamp *out, const struct folder_root *f, const char *path,
		    struct err *err);

/** Has the open file @fd, and the file now at @path, still @stamp?  0, APP_MOVED or -1. */
int folder_check_file(int fd, const struct folder_root *f, const char *path,
		      const struct app_stamp *stamp, struct err *err);

enum folder_missing {
	FOLDER_MISSING_FAILS, /* APP_MOVED */
	FOLDER_MISSING_MAKE,  /* made, each beneath the last, durably */
};

/** The folder that holds @path.  The caller closes *fd; *name is the last part, within @path.
 *  0, APP_MOVED, or -1: ERR_USAGE (leads through a link or a file), ERR_IO. */
int folder_of(int *fd, const char **name, const struct folder_root *f, const char *path,
	      enum folder_missing missing, struct err *err);

#define FOLDER_FILES_MAX 128 /* put into place at once; each has two descriptors */

/* A file that is being written beside its place. */
struct folder_file {
	int folder_fd;                    /* owned */
	int fd;                           /* owned; -1 when closed */
	char tmp[FOLDER_TEMPORARY_BYTES]; /* its temporary name; "" once it is in place or gone */
};

#define FOLDER_FILE_INIT                                                                           \
	{                                                                                          \
		-1, -1, ""                                                                         \
	}

/** A temporary file in the folder @folder_fd, which becomes @out's in any case. */
int folder_file_new(struct folder_file *out, int folder_fd, struct err *err);
/** Removes it if it is not in place. */
void folder_file_clear(struct folder_file *f);
AUTO_OBJ(folder_file_clear, struct folder_file);

/*
 * Into place, one file or many at once:
 *
 *     folder_files_sync  ->  for each: folder_file_put_new or _put_over  ->  folder_files_settle
 *
 * All content is durable before the first name appears, so whatever moment the program is killed or
 * the power fails at, each name has its old file or the whole new one.
 */

/** Make the content of all @n files durable.  They are of one file system. */
int folder_files_sync(struct folder_file *const *files, size_t n, struct err *err);

/** Put it at @name without replacing anything.  0, APP_EXISTS (nothing happened), or -1. */
int folder_file_put_new(struct folder_file *f, const char *name, struct err *err);

/** Give it the mode and group of @like: before it is made durable. */
int folder_file_look_like(struct folder_file *f, const char *name, const struct stat *like,
			  struct err *err);

/** Put it over @name if that still is @like.  0, APP_MOVED (nothing was replaced), or -1. */
int folder_file_put_over(struct folder_file *f, const char *name, const struct stat *like,
			 struct err *err);

/** Make the folders of all @n files, which are in place, durable.  stamps[i] receives what each looks
 *  like from now on. */
int folder_files_settle(struct folder_file *const *files, size_t n, struct app_stamp *stamps,
			struct err *err);

/** All of it for one new file.  0 with @stamp, APP_EXISTS, or -1. */
int
folder_file_link(struct folder_file *f, const char *name, struct app_stamp *stamp, struct err *err);

/** All of it for one replacement.  0 with @stamp, APP_MOVED (nothing was replaced), or -1. */
int folder_file_replace(struct folder_file *f, const char *name, const struct stat *like,
			struct app_stamp *stamp, struct err *err);

/** Remove @name from @folder_fd if it still has @stamp.  0, APP_MOVED or -1. */
int folder_unlink(int folder_fd, const char *name, const struct app_stamp *stamp, struct err *err);

#endif
