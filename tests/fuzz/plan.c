/* SPDX-License-Identifier: Apache-2.0 */
/* plan: parts of the automatic mode's plan as people write them, and moments as settings keep them; what is accepted
 * is printed as it is read again, and no plan makes the schedule stumble. */
#include "auto/plan_internal.h"
#include "auto/schedule.h"
#include "fuzz.h"

typedef int parse_fn(struct auto_plan *p, const char *text, struct err *err);
typedef void print_fn(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p);

static const struct {
	parse_fn *parse;
	print_fn *print;
} parts[] = {
	{ auto_plan_parse_mode, plan_print_mode },
	{ auto_plan_parse_every, auto_plan_print_every },
	{ auto_plan_parse_at, auto_plan_print_at },
	{ auto_plan_parse_between, auto_plan_print_between },
	{ auto_plan_parse_only_on, auto_plan_print_only_on },
	{ auto_plan_parse_budget, plan_print_budget },
	{ auto_plan_parse_rate, plan_print_rate },
	{ auto_plan_parse_keep_originals, auto_plan_print_keep_originals },
};

static void
part(struct auto_plan *plan, size_t i, const char *text)
{
	struct auto_plan again = AUTO_PLAN_INIT;
	char printed[PLAN_TEXT_BYTES], once_more[PLAN_TEXT_BYTES];
	struct err err;

	*plan = again;
	if (parts[i].parse(plan, text, &err) < 0) {
		FUZZ_TRUE(err.code == ERR_USAGE && err.msg[0]);
		*plan = again; /* a refused part leaves what it likes */
		return;
	}
	parts[i].print(printed, plan);
	FUZZ_TRUE(printed[0] && parts[i].parse(&again, printed, &err) == 0);
	parts[i].print(once_more, &again);
	FUZZ_TRUE(strcmp(printed, once_more) == 0);
}

static void
schedule(struct auto_plan *plan, const struct moment *m)
{
	static const struct auto_conditions unknown = AUTO_CONDITIONS_INIT;
	const struct moment now = { INT64_C(1790000000000), INT64_C(86400000), 7 };
	const struct auto_past past = { .done = *m, .tried = *m, .failures = (unsigned)m->boot };

	plan->mode = AUTO_ALL;
	struct auto_when when = schedule_backup(plan, &past, m, &unknown, &now);
	FUZZ_TRUE(!when.until_unix_ms || when.until_unix_ms > now.unix_ms);
}

/* A byte that chooses the part, its text, a line end, a moment. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(free) char *text = malloc(n + 1);
	struct auto_plan plan;
	struct moment m, again;
	char printed[MOMENT_TEXT_BYTES];

	if (!n || !text)
		return 0;
	memcpy(text, data + 1, n - 1);
	text[n - 1] = '\0';
	char *end = strchr(text, '\n');
	if (end)
		*end++ = '\0';
	part(&plan, data[0] % (sizeof parts / sizeof *parts), text);
	if (moment_parse(&m, end ? end : "")) {
		moment_print(printed, &m);
		FUZZ_TRUE(moment_parse(&again, printed) && again.unix_ms == m.unix_ms &&
			  again.up_ms == m.up_ms && again.boot == m.boot);
	}
	schedule(&plan, &m);
	return 0;
}
