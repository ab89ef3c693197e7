/* SPDX-License-Identifier: Apache-2.0 */
/* drills: see drills.h. */
#include "accounts/drills.h"

#include "accounts/gate.h"

#define DAY_MS (24 * 3600 * 1000)

int
drills_take(struct catalog_device *d, uint32_t n, int64_t now_unix_ms, struct problem *p)
{
	int64_t today = now_unix_ms / DAY_MS;
	uint32_t taken = d->drill_day == today ? d->drills : 0;

	if (taken > DRILLS_A_DAY || n > DRILLS_A_DAY - taken) {
		refuse_because(p, PROBLEM_DRILLS,
			       "a device has %d records and objects a day without the passphrase",
			       DRILLS_A_DAY);
		p->again_s = (uint64_t)((today + 1) * DAY_MS - now_unix_ms) / 1000 + 1;
		return REFUSED;
	}
	d->drill_day = today;
	d->drills = taken + n;
	return 0;
}
