/* SPDX-License-Identifier: Apache-2.0 */
/* follow: what the account's log and the server have for its devices; see task.h. */
#include "account/account.h"
#include "account/owner.h"
#include "auto/task.h"
#include "box/identity.h"

static int
follow_log(struct auto_run *run, uint64_t log_length, struct err *err)
{
	const struct identity *me;
	char moved[ACCOUNT_MOVED_TEXT_BYTES];

	if (box_identity_need(&me, run->box, err) < 0)
		return -1;
	if (log_length <= me->log_length)
		return 0;
	if (account_log_follow(moved, run->box, run->remote, err) < 0)
		return -1;
	if (moved[0])
		auto_note(run, moved);
	return 0;
}

int
task_follow(struct auto_run *run, uint64_t log_length, struct err *err)
{
	struct account_standing s;
	unsigned begun = 0, over = 0;

	if (follow_log(run, log_length, err) < 0)
		return -1;
	int rc = account_standing_follow(&s, &begun, &over, run->box, run->remote, err);
	if (rc) /* not due; or not told, by an older server say: asked again the next time */
		return rc < 0 && err->code == ERR_NOMEM ? -1 : 0;
	for (unsigned flag = STANDING_LESS; flag <= STANDING_DELETE; flag <<= 1) {
		char line[STANDING_TEXT_BYTES];

		account_standing_say(line, &s, flag & begun);
		if (line[0])
			auto_note(run, line);
		if (over & flag)
			auto_note(run, account_standing_say_off(flag));
	}
	return 0;
}
