/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moment: when something happened, by two clocks, so that how long ago it was can be said although one of
 * them was set.
 *
 * The wall clock is set by people and by the network, by minutes or by years.  The boot clock (time since the
 * machine started, sleep included) never jumps, but begins anew at each start; the kernel's boot id tells one
 * start from another.  Within one start the boot clock decides; across starts the wall clock does, unless it
 * says that the past lies ahead.
 */
#ifndef AUTO_MOMENT_H
#define AUTO_MOMENT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define MOMENT_TEXT_BYTES 80 /* of one as a setting keeps it */

struct moment {
	int64_t unix_ms; /* wall clock; 0: never */
	int64_t up_ms;   /* boot clock */
	uint64_t boot;   /* which start of the machine; 0: not known */
};

/** Now, by lib/os. */
struct moment moment_now(void);

/** @then in today's wall clock: what that clock would have shown then, had it been as it is @now.
 *  0 where @then is never, or where only the wall clock could say and puts it after @now. */
int64_t moment_unix_ms(const struct moment *then, const struct moment *now);

/** "1790000000000 86400000 1f2e3d4c5b6a7988": wall clock, boot clock, boot id in hex. */
void moment_print(char out[static MOMENT_TEXT_BYTES], const struct moment *m);
/** False, and *out never, if @text is none. */
bool moment_parse(struct moment *out, const char *text);

#endif
