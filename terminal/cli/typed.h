/* SPDX-License-Identifier: Apache-2.0 */
/*
 * typed: a secret as it was typed, or as it stands in a file or an environment variable.
 *
 * Its bytes lie in guarded, locked memory (sodium_malloc) from the first read on and are wiped when
 * freed.  A variable of the environment is wiped where it lay, so that it is not inherited and not
 * seen in /proc/PID/environ.
 */
#ifndef CLI_TYPED_H
#define CLI_TYPED_H

#include "base/auto.h"
#include "base/err.h"
#include "base/span.h"

#define TYPED_BYTES_MAX 1024

struct typed; /* opaque: the layout lives in typed.c */

/** Move environment variable @name into *out, wiping it; *out stays NULL if it is not set.
 *  ERR_LIMIT, ERR_NOMEM: wiped nevertheless. */
int typed_from_environment(struct typed **out, const char *name, struct err *err);

/** The content of the file @path.  ERR_NOT_FOUND, ERR_LIMIT, ERR_IO, ERR_NOMEM. */
int typed_from_file(struct typed **out, const char *path, struct err *err);

/** One line from the terminal on standard input, shown to nobody; @prompt goes to standard error.
 *  ERR_CANCELLED at the end of input, ERR_IO, ERR_LIMIT, ERR_NOMEM. */
int typed_from_terminal(struct typed **out, const char *prompt, struct err *err);

void typed_free(struct typed *t);
AUTO_PTR(typed_free, struct typed);

/** Borrowed. */
struct span typed_span(const struct typed *t);

#endif
