/* SPDX-License-Identifier: Apache-2.0 */
/* when: moments (milliseconds since 1970-01-01T00:00:00Z) and durations as people write them. */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define WHEN_TEXT_BYTES 25 /* "2026-11-25T20:52:33.123Z" and NUL */

/** RFC 3339 in UTC; milliseconds only if there are any.  Before 1970 and after 9999: the nearest
 *  moment that is neither. */
void when_print(char out[static WHEN_TEXT_BYTES], int64_t at_unix_ms);

/** RFC 3339 with Z or an offset, or a bare date (then its midnight UTC).  ERR_SYNTAX, for a
 *  day that the calendar does not have too. */
int when_parse(int64_t *at_unix_ms, struct span text, struct err *err);

/** "90d": a number and one of s m h d w mo y (m minutes, mo months of 30 days, y years of 365).
 *  ERR_SYNTAX, ERR_LIMIT past 1000 years. */
int duration_parse(int64_t *ms, struct span text, struct err *err);

#define DURATION_TEXT_BYTES 24 /* of any below 1000 years, and NUL */

/** The same, printed: "90d", in the largest of s m h d that it is a whole number of; "" for 0 and less.
 *  Parts of a second are left out. */
void duration_print(char out[static DURATION_TEXT_BYTES], int64_t ms);

#endif
