/* SPDX-License-Identifier: Apache-2.0 */
/* journal: what the server says while it runs, a line each on standard error.  Places, never
 * contents: no tokens, no codes, no addresses of people. */
#ifndef API_JOURNAL_H
#define API_JOURNAL_H

#include <stdbool.h>

/** From now on a line is a JSON object: time, part (of the program: tidy, scrub, /v1/chunks …), message.
 *  Before any thread writes. */
void journal_as_json(bool yes);

/** One line; @fmt without a line end. */
void journal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
