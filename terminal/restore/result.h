/* SPDX-License-Identifier: Apache-2.0 */
/* result: the parts of a restore's result that know neither Box nor app. */
#ifndef RESTORE_RESULT_H
#define RESTORE_RESULT_H

#include "base/err.h"
#include "base/span.h"
#include "restore/restore.h"

/** UTF-8 for people: what is none, and control characters but line feeds, become U+FFFD. */
char *text_for_people(struct span bytes, struct err *err);
/** The same on one line: names and ids. */
char *line_for_people(struct span bytes, struct err *err);
/** Whether @path may be used within an app's folder: relative, no "..", no NUL, no empty part. */
bool path_is_safe(struct span path);

#define REASON_BYTES (sizeof(((struct err *)0)->msg) + sizeof(((struct err *)0)->hint) + 4)

/** Why, and what to do about it, in one sentence. */
void reason_of(char out[static REASON_BYTES], const struct err *why);

#endif
