/* SPDX-License-Identifier: Apache-2.0 */
/* help: see help.h. */
#include "cli/help.h"

#include "cli/commands.h"
#include "cli/table.h"

#define OPTION_BYTES 64

static const char *const group_titles[N_GROUPS] = {
	[GROUP_ACCOUNT] = N_("This terminal and its account"),
	[GROUP_CHOOSE] = N_("Choosing what is saved"),
	[GROUP_BACKUP] = N_("Backing up"),
	[GROUP_RESTORE] = N_("Getting it back"),
};

static const struct column two_columns[] = {
	{ NULL, COLUMN_LEFT },
	{ NULL, COLUMN_SHRINKS },
};

static void
print_group(const struct cli *cli, enum command_group group)
{
	AUTO(table_clear) struct table t = TABLE_INIT(two_columns);

	printf("\n%s%s%s\n", cli_bold(cli), _(group_titles[group]), cli_plain(cli));
	for (const struct command *c = commands; c->name; c++)
		if (c->group == group && TABLE_ADD(&t, NULL, c->name, _(c->summary)) < 0)
			return;
	table_print(&t, stdout, 0, false, NULL);
}

static void
print_options(const struct option *options)
{
	AUTO(table_clear) struct table t = TABLE_INIT(two_columns);

	for (; options && options->name; options++) {
		char left[OPTION_BYTES];

		snprintf(left, sizeof left, "%s%s%s", options->name, options->value ? " " : "",
			 options->value ? options->value : "");
		if (TABLE_ADD(&t, NULL, left, _(options->help)) < 0)
			return;
	}
	table_print(&t, stdout, 0, false, NULL);
}

static struct json_object *
json_options(struct cli *cli, const struct option *options)
{
	struct json_object *list = json_list(cli);

	for (; options && options->name; options++) {
		struct json_object *o = json_push(cli, list);

		json_put_text(cli, o, "name", options->name);
		json_put_text(cli, o, "value", options->value);
		json_put_text(cli, o, "help", _(options->help));
	}
	return list;
}

static void
put_command(struct cli *cli, struct json_object *o, const struct command *c)
{
	json_put_text(cli, o, "name", c->name);
	json_put_text(cli, o, "synopsis", c->synopsis);
	json_put_text(cli, o, "summary", _(c->summary));
	json_put_text(cli, o, "details", c->details ? _(c->details) : "");
	json_put(cli, o, "options", json_options(cli, c->options));
}

static void
overview_json(struct cli *cli)
{
	struct json_object *o = json_record(cli), *list = json_list(cli);

	for (const struct command *c = commands; c->name; c++)
		put_command(cli, json_push(cli, list), c);
	json_put(cli, o, "commands", list);
	json_put(cli, o, "options", json_options(cli, global_options));
	json_result(cli, o);
}

void
help_overview(struct cli *cli)
{
	if (cli->json) {
		overview_json(cli);
		return;
	}
	puts(_("cloudbox: choose what matters, back up exactly that, get it back merged."));
	printf("\n%s\n", _("cloudbox COMMAND [OPTION]... [WORD]..."));
	for (int g = 0; g < N_GROUPS; g++)
		print_group(cli, (enum command_group)g);
	printf("\n%s%s%s\n", cli_bold(cli), _("Options that stand anywhere"), cli_plain(cli));
	print_options(global_options);
	printf("\n%s\n", _("More about one command: cloudbox COMMAND --help"));
}

void
help_command(struct cli *cli, const struct command *command)
{
	if (cli->json) {
		struct json_object *o = json_record(cli);

		put_command(cli, o, command);
		json_result(cli, o);
		return;
	}
	printf("%scloudbox %s%s %s\n\n%s.\n", cli_bold(cli), command->name, cli_plain(cli),
	       command->synopsis, _(command->summary));
	if (command->details)
		printf("\n%s\n", _(command->details));
	if (command->options) {
		putchar('\n');
		print_options(command->options);
	}
}
