/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_region: where numbers without a country's prefix are at home. */
#include "base/text.h"
#include "box/region.h"
#include "cli/cli.h"
#include "cli/commands.h"

static void
region_json(struct cli *cli, const struct region *r)
{
	struct json_object *o = json_record(cli);

	json_put_text(cli, o, "region", r->code[0] ? r->code : NULL);
	json_put_text(cli, o, "from", r->by_locale ? "locale" : "setting");
	json_put_flag(cli, o, "numbers", phone_is_there());
	json_result(cli, o);
}

static void
region_text(const struct region *r)
{
	if (!r->code[0]) {
		puts(r->by_locale
			     ? _("No home region: nobody has set one, and the locale names none. "
				 "Numbers without + are compared as they are written.")
			     : _("No home region: numbers without + are compared as they are "
				 "written."));
		return;
	}
	printf(r->by_locale ? _("%s, as the locale says.\n") : "%s\n", r->code);
}

int
cmd_region(struct cli *cli, struct err *err)
{
	const char *code = cli_word(cli, 0);
	struct box *box = cli_account_box(cli, err);
	struct region r;

	if (!box || (code ? region_set(&r, box, code, err) : region_get(&r, box, err)) < 0)
		return -1;
	if (cli->json)
		region_json(cli, &r);
	else
		region_text(&r);
	if (r.code[0] && !phone_is_there())
		cli_warn(cli, _("Numbers without + are compared as they are written all the same: "
				"this program came without libphonenumber."));
	return CLI_DONE;
}
