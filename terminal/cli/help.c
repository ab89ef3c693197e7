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
	table_print(&t, stdout, 0, false);
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
	table_print(&t, stdout, 0, false);
}

void
help_overview(const struct cli *cli)
{
	puts(_("cloudbox: choose what matters, back up exactly that, get it back merged."));
	printf("\n%s\n", _("cloudbox COMMAND [OPTION]... [WORD]..."));
	for (int g = 0; g < N_GROUPS; g++)
		print_group(cli, (enum command_group)g);
	printf("\n%s%s%s\n", cli_bold(cli), _("Options that stand anywhere"), cli_plain(cli));
	print_options(global_options);
	printf("\n%s\n", _("More about one command: cloudbox COMMAND --help"));
}

void
help_command(const struct cli *cli, const struct command *command)
{
	printf("%scloudbox %s%s %s\n\n%s.\n", cli_bold(cli), command->name, cli_plain(cli),
	       command->synopsis, _(command->summary));
	if (command->details)
		printf("\n%s\n", _(command->details));
	if (command->options) {
		putchar('\n');
		print_options(command->options);
	}
}
