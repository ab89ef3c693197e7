/* SPDX-License-Identifier: Apache-2.0 */
/* journal: what the server says while it runs, a line each on standard error.  Places, never
 * contents: no tokens, no codes, no addresses of people. */
#ifndef API_JOURNAL_H
#define API_JOURNAL_H

/** One line; @fmt without a line end. */
void journal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
