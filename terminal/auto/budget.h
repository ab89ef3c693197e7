/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget: bytes of a calendar month on links that cost by the byte.
 *
 * Counted is what tasks sent and received while the link was known to be metered: HTTP heads and bodies, TLS apart
 * (some 5 kB for a connection).  What a person sends by hand is his own matter and not counted.  The month is
 * the local calendar's; it is kept in the setting `local-auto-spent`, and whether something was postponed for the
 * budget in `local-auto-postponed`.
 */
#ifndef AUTO_BUDGET_H
#define AUTO_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct auto_conditions; /* conditions.h */
struct auto_plan;       /* plan.h */
struct auto_when;       /* schedule.h */
struct auto_look;       /* tasks.h */
struct box;             /* box/box.h */

/** Does the plan's budget bind on such a link? */
bool budget_binds(const struct auto_plan *plan, const struct auto_conditions *conditions);

/** What is left of the month's budget at @now_unix_ms. */
int budget_left(uint64_t *bytes, struct box *b, const struct auto_plan *plan, int64_t now_unix_ms,
		struct err *err);

int budget_spend(struct box *b, uint64_t bytes, int64_t now_unix_ms, struct err *err);

/** Something waits for a cheaper link or the next month; or nothing does any more. */
int budget_postpone(struct box *b, bool some, int64_t now_unix_ms, struct err *err);

/**
 * What the budget makes of @when, which the schedule says of a task that sends: due, it waits where
 * nothing is left of the month.  Not due, it is where something was postponed and may go now; and where it may
 * not, that is what is waited for.
 */
int budget_judge(struct auto_when *when, const struct auto_look *look, struct err *err);

#endif
