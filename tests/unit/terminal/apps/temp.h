/* SPDX-License-Identifier: Apache-2.0 */
/* temp: a folder for one test, the files in it, and the corpus. */
#ifndef TESTS_TEMP_H
#define TESTS_TEMP_H

#include "base/buf.h"
#include "unit.h"

struct temp {
	char path[64];
	int fd;
};

void temp_make(struct temp *t);
void temp_remove(struct temp *t);

/** Write a file (folders above it are made), with an mtime @age_s seconds ago. */
void temp_put(const struct temp *t, const char *path, struct span content, int age_s);
void temp_put_str(const struct temp *t, const char *path, const char *content);

/** Does the file hold exactly this? */
void temp_assert(const struct temp *t, const char *path, const char *content);
bool temp_exists(const struct temp *t, const char *path);

/** Number of entries of the folder @path, "." and ".." apart. */
unsigned temp_count(const struct temp *t, const char *path);

/** "CORPUS/NAME", static storage; skips the test, saying why, where there is no corpus. */
const char *corpus(const char *name);

#endif
