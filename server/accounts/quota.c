/* SPDX-License-Identifier: Apache-2.0 */
/* quota: see quota.h. */
#include "accounts/quota.h"

#include "accounts/gate.h"

#define DAY_MS (24 * 3600 * 1000)

int
quota_take(struct catalog_account *a, struct catalog_device *d, uint64_t n_bytes,
	   int64_t now_unix_ms, struct problem *p)
{
	uint64_t left = a->quota_bytes > a->used_bytes ? a->quota_bytes - a->used_bytes : 0;
	int64_t today = now_unix_ms / DAY_MS;
	uint64_t taken = d->day == today ? d->day_bytes : 0;
	uint64_t share = (left + taken) / 2;

	if (n_bytes > left)
		return refuse(p, PROBLEM_QUOTA);
	if (share < QUOTA_DAY_BYTES_MIN)
		share = QUOTA_DAY_BYTES_MIN;
	if (taken > share || n_bytes > share - taken) {
		refuse_because(p, PROBLEM_QUOTA,
			       "one device takes at most half of the free quota a day");
		p->again_s = (uint64_t)((today + 1) * DAY_MS - now_unix_ms) / 1000 + 1;
		return REFUSED;
	}
	a->used_bytes += n_bytes;
	d->day = today;
	d->day_bytes = taken + n_bytes;
	return 0;
}
