/* SPDX-License-Identifier: Apache-2.0 */
/* bad: see bad.h. */
#include "cli/bad.h"

#include "restore/verify.h"

void
bad_json(struct cli *cli, struct json_object *o, const struct verify_result *r)
{
	struct json_object *bad = json_list(cli);

	for (size_t i = 0; i < r->n_bad; i++) {
		struct json_object *one = json_push(cli, bad);

		json_put_text(cli, one, "app", r->bad[i].app);
		json_put_text(cli, one, "id", r->bad[i].id);
		json_put_text(cli, one, "name", r->bad[i].name);
		json_put_text(cli, one, "reason", r->bad[i].reason);
	}
	json_put(cli, o, "bad", bad);
}

static void
print_one(const struct cli *cli, const struct verify_bad *b)
{
	printf("  %s%s%s%s%s", cli_bold(cli), cli_clean(b->app), b->app[0] ? "  " : "",
	       cli_clean(b->name[0] ? b->name : b->id), cli_plain(cli));
	printf("\n      %s%s%s\n", cli_red(cli), cli_clean(b->reason), cli_plain(cli));
}

void
bad_print(const struct cli *cli, const struct verify_result *r)
{
	for (size_t i = 0; i < r->n_bad; i++)
		print_one(cli, &r->bad[i]);
}
