/* SPDX-License-Identifier: Apache-2.0 */
/* show: numbers as people read them.  Everything is printed into memory of the caller. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stdint.h>

#include "base/buf.h"

#define SHOW_BYTES 48 /* room for any of the texts below */

struct shown {
	char s[SHOW_BYTES];
};

/** "0 B", "999 B", "1.2 kB", "34 MB": two or three digits, 1 kB = 1000 B. */
struct shown show_bytes(uint64_t n);

/** "12,345" */
struct shown show_count(uint64_t n);

/** Local time to the minute, "2026-11-25 21:07"; "-" for 0. */
struct shown show_when(int64_t at_unix_ms);

/** "4 s", "3 min 20 s", "2 h 5 min" */
struct shown show_duration(int64_t ms);

/** How many times smaller @part is than @whole: "34 times less"; "" where it is not. */
struct shown show_saving(uint64_t part, uint64_t whole);

#define SHOW_NAME_BYTES_MAX 16384

/** Append an item's name, and when a picture was taken: "IMG_1.JPG (2019-07-04 12:30)", as its own clock
 *  said.  @taken: record.h; NULL or "": not known. */
int show_name(struct buf *out, struct span name, const char *taken, struct err *err);

#endif
