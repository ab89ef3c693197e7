/* SPDX-License-Identifier: Apache-2.0 */
/* plan: the plan in the Box's settings.  Its parts as text: plan_text.c */
#include "auto/plan.h"

#include <stdio.h>

#include "auto/plan_internal.h"
#include "base/auto.h"
#include "box/box.h"
#include "box/settings.h"

/* Each part: its setting, how it is read, how it is printed ("": the plan has none). */
static const struct part {
	const char *key;
	int (*parse)(struct auto_plan *p, const char *text, struct err *err);
	void (*print)(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p);
} parts[] = {
	{ "auto-mode", auto_plan_parse_mode, plan_print_mode },
	{ "auto-every", auto_plan_parse_every, auto_plan_print_every },
	{ "auto-at", auto_plan_parse_at, auto_plan_print_at },
	{ "auto-between", auto_plan_parse_between, auto_plan_print_between },
	{ "auto-only-on", auto_plan_parse_only_on, auto_plan_print_only_on },
	{ "auto-budget", auto_plan_parse_budget, plan_print_budget },
	{ "auto-rate", auto_plan_parse_rate, plan_print_rate },
	{ "auto-keep-originals", auto_plan_parse_keep_originals, auto_plan_print_keep_originals },
};

#define N_PARTS (sizeof parts / sizeof *parts)

static int
newer(const struct part *part, struct err *err)
{
	err_set(err, ERR_UNSUPPORTED, "the setting %s was made by a newer Cloudbox", part->key);
	return err_hint(err, "update Cloudbox, or set the plan anew: cloudbox auto off");
}

int
auto_plan_get(struct auto_plan *out, struct box *b, struct err *err)
{
	struct auto_plan plan = AUTO_PLAN_INIT;

	for (size_t i = 0; i < N_PARTS; i++) {
		AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
		int rc = setting_get(&value, b, parts[i].key, err);

		if (rc < 0)
			return -1;
		if (rc == 0 && parts[i].parse(&plan, buf_str(&value), err) < 0)
			return newer(&parts[i], err);
	}
	*out = plan;
	return 0;
}

static int
set_parts(struct box *b, const struct auto_plan *plan, struct err *err)
{
	for (size_t i = 0; i < N_PARTS; i++) {
		char text[PLAN_TEXT_BYTES];

		parts[i].print(text, plan);
		if ((text[0] ? setting_set(b, parts[i].key, span_str(text), err)
			     : setting_remove(b, parts[i].key, err)) < 0)
			return -1;
	}
	return 0;
}

int
auto_plan_set(struct box *b, const struct auto_plan *plan, struct err *err)
{
	int rc;

	if (box_begin(b, err) < 0)
		return -1;
	rc = set_parts(b, plan, err);
	if (rc == 0)
		rc = box_commit(b, err);
	if (rc < 0)
		box_rollback(b);
	return rc;
}
