/* SPDX-License-Identifier: Apache-2.0 */
/* commands: see commands.h. */
#include "cli/commands.h"

#include <stdint.h>

#include "base/text.h"

const struct option global_options[] = {
	{ "--json", NULL, N_("one JSON document on standard output, nothing else"), false },
	{ "--yes", NULL, N_("answer yes to every question"), false },
	{ "--no", NULL, N_("answer no to every question"), false },
	{ "--passphrase-file", "FILE", N_("the passphrase, in a file"), false },
	{ "--recovery-file", "FILE", N_("the recovery code, in a file"), false },
	{ "--new-passphrase-file", "FILE", N_("the new passphrase, in a file"), false },
	{ "--home", "DIR", N_("where this terminal's Box lies"), false },
	{ "--lang", "LANG", N_("en or zh_CN; else the locale's language"), false },
	{ "--help", NULL, N_("this overview, or a command's own page"), false },
	{ "--version", NULL, N_("which version of the program this is"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option init_options[] = {
	{ "--name", "NAME", N_("what this terminal is called in the account"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option join_options[] = {
	{ "--account", "ID", N_("the account to join, with its passphrase"), false },
	{ "--recovery", NULL, N_("find and open the account by the recovery code alone"), false },
	{ "--name", "NAME", N_("what this terminal is called in the account"), false },
	{ "--replace", "DEVICE", N_("take another device's place and its Box"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option revoke_options[] = {
	{ "--trust", "N",
	  N_("its backups up to number N count, later ones are void; 0: none counts"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option delete_options[] = {
	{ "--confirm", "ACCOUNT",
	  N_("the account's id, or its first 8 digits, in place of typing it"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option retention_options[] = {
	{ "--lift-hold", NULL, N_("let the server clear away what it holds back"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option apps_add_options[] = {
	{ "--adapter", "ADAPTER",
	  N_("how its data is read: vcard, ical, files, …; the guide to apps has all"), false },
	{ "--path", "PATH", N_("the file or folder where its data lies"), false },
	{ "--set", "KEY=VALUE", N_("a setting of the adapter"), true },
	{ NULL, NULL, NULL, false },
};

#define THREAD_OPTION                                                                              \
	{                                                                                          \
		"--thread", "WHOM",                                                                \
			N_("a thread's messages: its number, several joined by ~, or a name"),     \
			false                                                                      \
	}

#define WHERE_OPTION                                                                               \
	{                                                                                          \
		"--where", "EXPR",                                                                 \
			N_("what an expression means: group=Family, type=image/* and "             \
			   "date>=2026-05, size<5M, …"),                                           \
			false                                                                      \
	}

static const struct option items_options[] = {
	THREAD_OPTION,
	WHERE_OPTION,
	{ NULL, NULL, NULL, false },
};

static const struct option add_options[] = {
	{ "--all", NULL, N_("all items of the app"), false },
	THREAD_OPTION,
	WHERE_OPTION,
	{ "--rule", "NAME", N_("and keep the expression: what comes later enters by itself"),
	  false },
	{ "--selected", NULL, N_("and select them for the automatic mode"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option all_options[] = {
	{ "--all", NULL, N_("all items of the app"), false },
	THREAD_OPTION,
	WHERE_OPTION,
	{ NULL, NULL, NULL, false },
};

static const struct option backup_options[] = {
	THREAD_OPTION,
	WHERE_OPTION,
	{ "--selected", NULL, N_("only shortcuts that are selected"), false },
	{ "--check", NULL, N_("ask the server once even if nothing changed"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option auto_options[] = {
	{ "--every", "DURATION", N_("as often as that: 30m, 6h, 2d"), false },
	{ "--at", "HH:MM", N_("once a day at that time, or as soon as it goes after it"), false },
	{ "--only-on", "CONDITION,...", N_("unmetered, charging, battery>N; several by commas"),
	  false },
	{ "--between", "HH:MM-HH:MM", N_("only begin within these hours of the day"), false },
	{ "--budget", "BYTES", N_("at most so much a month where the link costs by the byte: 30M"),
	  false },
	{ "--rate", "BYTES", N_("at most so much a second: 200k"), false },
	{ "--keep-originals", "AGE", N_("purge originals that are older: 90d"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option run_options[] = {
	{ "--once", NULL, N_("do what is due now, and end"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option from_options[] = {
	{ "--from", "DEVICE", N_("another device's backups: its id or its name"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option history_options[] = {
	{ "--diff", "[N]",
	  N_("what version N has otherwise than the one before it; without N: what is here now, "
	     "against the newest"),
	  false },
	{ "--from", "DEVICE", N_("another device's backups: its id or its name"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option restore_options[] = {
	THREAD_OPTION,
	WHERE_OPTION,
	{ "--preview", NULL, N_("show what would be done, field by field; write nothing"), false },
	{ "--version", "N", N_("the items' version N in place of the newest"), false },
	{ "--at", "TIME", N_("what was the newest at that time: 2026-11-25T20:00:00Z"), false },
	{ "--from", "DEVICE", N_("another device's backups: its id or its name"), false },
	{ "--into", "APP", N_("the app of this terminal that takes the items"), false },
	{ "--create", "DIR", N_("an app that is not here becomes DIR/APP"), false },
	{ "--field", "NAME", N_("only this field, or NAME=VALUE; may be repeated"), true },
	{ NULL, NULL, NULL, false },
};

static const struct option verify_options[] = {
	{ "--data", NULL, N_("fetch and open all data, too; asks for the passphrase"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option drill_options[] = {
	{ "--all", NULL, N_("every item, however long it takes"), false },
	{ "--locked", NULL, N_("what can be checked without the passphrase"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option import_options[] = {
	{ "--preview", NULL, N_("show what would be done, field by field; write nothing"), false },
	{ NULL, NULL, NULL, false },
};

static const struct option export_options[] = {
	{ "--to", "FILE", N_("a new file; with / at the end a new folder, with .tar a tar"),
	  false },
	{ "--format", "F", N_("original (as it is), or for contacts vcard3, vcard4"), false },
	THREAD_OPTION,
	WHERE_OPTION,
	{ NULL, NULL, NULL, false },
};

static const struct option purge_options[] = {
	{ "--older-than", "AGE", N_("such as 30d, 12h, 6mo"), false },
	{ NULL, NULL, NULL, false },
};

#define ANY_NUMBER SIZE_MAX
#define ITEM_IS                                                                                    \
	N_("ITEM is an item's id, the beginning of its short id, or its exact name, as "           \
	   "'cloudbox items APP' shows them.")

/* clang-format off */
const struct command commands[] = {
	{ "init", "INVITATION [--name NAME]",
	  N_("Make a new account on a server, with this terminal in it"),
	  N_("Asks for a passphrase and shows the recovery code, parts of which it asks back; with "
	     "--yes the code is only printed."),
	  GROUP_ACCOUNT, init_options, 1, 1, cmd_init },
	{ "join", "URL [--account ID | --recovery] [--name NAME] [--replace DEVICE]",
	  N_("Put this terminal into an account that exists"),
	  N_("URL is the server's, https://HOST:PORT/#pin=…, or the one that 'cloudbox pair' shows on "
	     "a terminal of the account; '-' reads it from standard input, so that it stands in no "
	     "list of processes."),
	  GROUP_ACCOUNT, join_options, 1, 1, cmd_join },
	{ "pair", "", N_("Take another terminal into the account"),
	  N_("Shows a code, to be read by the other terminal or typed there after 'cloudbox join'. Both "
	     "show six digits then, and both people say whether they are the same. The code is good "
	     "for five minutes, once."),
	  GROUP_ACCOUNT, NULL, 0, 0, cmd_pair },
	{ "status", "", N_("What this terminal knows of itself; asks no server"),
	  NULL, GROUP_ACCOUNT, NULL, 0, 0, cmd_status },
	{ "devices", "", N_("The account's devices and their newest backups"),
	  NULL, GROUP_ACCOUNT, NULL, 0, 0, cmd_devices },
	{ "revoke", "DEVICE [--trust N]",
	  N_("Shut out a lost device; its backups stay, the account's keys change"),
	  N_("DEVICE is its id, the beginning of one, or its name. Asks for the passphrase, shows its "
	     "last backups, and asks before it acts; without --trust all of them count. Then shows "
	     "a new recovery code."),
	  GROUP_ACCOUNT, revoke_options, 1, 1, cmd_revoke },
	{ "retire", "DEVICE", N_("Give up a device: it saves nothing more, its backups go in time"),
	  N_("DEVICE is its id, the beginning of one, or its name; it may be this terminal. Its "
	     "backups count as forgotten from then on. A lost or stolen device is shut out with "
	     "cloudbox revoke."),
	  GROUP_ACCOUNT, NULL, 1, 1, cmd_retire },
	{ "server", "[URL]", N_("The server's address; or move to another address of it"),
	  N_("Checks that the same server answers there, with this account, its log and its "
	     "backups. The other devices follow by themselves; where the old address is gone, type "
	     "it on each of them."),
	  GROUP_ACCOUNT, NULL, 0, 1, cmd_server },
	{ "account", "", N_("The account: its quota, what waits, what the server holds back"),
	  NULL, GROUP_ACCOUNT, NULL, 0, 0, cmd_account },
	{ "account keep", "", N_("Call off a deletion, or whatever else waits"),
	  N_("So does every other command that asks for the passphrase or the recovery code."),
	  GROUP_ACCOUNT, NULL, 0, 0, cmd_account_keep },
	{ "account delete", "[--confirm ACCOUNT]",
	  N_("Delete the account and all of its backups, after 14 days"),
	  N_("All devices show it until then, and any unlocking calls it off: cloudbox account "
	     "keep. What lies on the devices stays."),
	  GROUP_ACCOUNT, delete_options, 0, 0, cmd_account_delete },
	{ "retention", "[DAYS] [--lift-hold]", N_("For how many days the server keeps old versions"),
	  N_("30 at least. Fewer days hold after 14 days of the server's running, more at once. Where "
	     "the server holds back clearing, --lift-hold lets it go on, after 14 days too."),
	  GROUP_ACCOUNT, retention_options, 0, 1, cmd_retention },
	{ "lock", "", N_("Forget whatever could open a backup"),
	  NULL, GROUP_ACCOUNT, NULL, 0, 0, cmd_lock },
	{ "passphrase", "", N_("Change the passphrase"),
	  N_("Takes the recovery code in place of the old passphrase, too."),
	  GROUP_ACCOUNT, NULL, 0, 0, cmd_passphrase },
	{ "recovery confirm", "", N_("Check that the recovery code was written down right"),
	  NULL, GROUP_ACCOUNT, NULL, 0, 0, cmd_recovery_confirm },
	{ "recovery new", "", N_("Make a new recovery code; the old one opens nothing any more"),
	  NULL, GROUP_ACCOUNT, NULL, 0, 0, cmd_recovery_new },

	{ "apps", "", N_("The apps found here"),
	  NULL, GROUP_CHOOSE, NULL, 0, 0, cmd_apps },
	{ "apps add", "NAME --adapter ADAPTER --path PATH [--set KEY=VALUE]...",
	  N_("Make an app known, or say anew where its data lies"),
	  NULL, GROUP_CHOOSE, apps_add_options, 1, 1, cmd_apps_add },
	{ "apps remove", "NAME", N_("Forget an app, its shortcuts and its rules; data and backups stay"),
	  NULL, GROUP_CHOOSE, NULL, 1, 1, cmd_apps_remove },
	{ "items", "APP [PATTERN] [--thread WHOM | --where EXPR]",
	  N_("An app's items, those in the Box marked"),
	  N_("PATTERN is a part of the name, or a pattern with * and ?."),
	  GROUP_CHOOSE, items_options, 1, 2, cmd_items },
	{ "add", "APP (ITEM... | --all | --thread WHOM | --where EXPR [--rule NAME]) [--selected]",
	  N_("Put shortcuts into the Box, with the bytes they will cost"),
	  ITEM_IS, GROUP_CHOOSE, add_options, 1, ANY_NUMBER, cmd_add },
	{ "rules", "", N_("The rules that put items into the Box by themselves"),
	  N_("'cloudbox add APP --where EXPR --rule NAME' makes one."),
	  GROUP_CHOOSE, NULL, 0, 0, cmd_rules },
	{ "rules remove", "NAME", N_("Forget a rule; the shortcuts that it made stay"),
	  NULL, GROUP_CHOOSE, NULL, 1, 1, cmd_rules_remove },
	{ "region", "[CC | none]", N_("Where numbers without + are at home"),
	  N_("CC is a country's two letters, such as DE or CN. Without it: what it is now."),
	  GROUP_CHOOSE, NULL, 0, 1, cmd_region },
	{ "box", "[APP]", N_("The Box: its folders, or a folder's shortcuts"),
	  NULL, GROUP_CHOOSE, NULL, 0, 1, cmd_box },
	{ "remove", "APP (ITEM... | --all | --thread WHOM | --where EXPR)", N_("Delete shortcuts; data and backups stay"),
	  ITEM_IS, GROUP_CHOOSE, all_options, 1, ANY_NUMBER, cmd_remove },
	{ "select", "APP (ITEM... | --all | --thread WHOM | --where EXPR)", N_("Select shortcuts for the automatic mode"),
	  ITEM_IS, GROUP_CHOOSE, all_options, 1, ANY_NUMBER, cmd_select },
	{ "unselect", "APP (ITEM... | --all | --thread WHOM | --where EXPR)", N_("Take that selection back"),
	  ITEM_IS, GROUP_CHOOSE, all_options, 1, ANY_NUMBER, cmd_unselect },

	{ "backup", "[APP [ITEM... | --thread WHOM | --where EXPR]] [--selected] [--check]",
	  N_("Send what changed: of the whole Box, of one app, or of single items"),
	  ITEM_IS, GROUP_BACKUP, backup_options, 0, ANY_NUMBER, cmd_backup },
	{ "auto",
	  "[off | selected | all] [--every DURATION | --at HH:MM] [--only-on CONDITION,...] "
	  "[--between HH:MM-HH:MM] [--budget BYTES] [--rate BYTES] [--keep-originals AGE]",
	  N_("What is backed up by itself, and when; without a word: what it is now"),
	  N_("selected: the shortcuts that are; all: all; off: none, backups are made by hand. Each call "
	     "states the whole plan: what it does not name is not in it. With neither --every nor --at "
	     "a backup follows each change that is seen, and once a day all is compared. A condition "
	     "that nobody can tell here counts as met."),
	  GROUP_BACKUP, auto_options, 0, 1, cmd_auto },
	{ "run", "[--once]",
	  N_("The service: do by itself what 'cloudbox auto' set, and hold the unlocked session"),
	  N_("Runs until it is ended; one for each Box. With --once it does what is due now, and ends. "
	     "Says on standard error what waits for what; a problem is told once, until it changes."),
	  GROUP_BACKUP, run_options, 0, 0, cmd_run },
	{ "forget", "APP (ITEM... | --all | --thread WHOM | --where EXPR)",
	  N_("Let the cloud's copies go; the server keeps them as long as its retention says"),
	  ITEM_IS, GROUP_BACKUP, all_options, 1, ANY_NUMBER, cmd_forget },
	{ "verify", "[--data]", N_("Whether the server still has what was saved"),
	  N_("Compares the server's lists with what this terminal signed and keeps; with --data "
	     "opens every version and every piece of data. What is bad is named; exit status 1."),
	  GROUP_BACKUP, verify_options, 0, 0, cmd_verify },
	{ "drill", "[--all | --locked]",
	  N_("Rehearse a restore: some items are fetched, opened and merged into a copy"),
	  N_("Those that nobody looked at for longest come first; nothing in any app is changed. With "
	     "--locked the server's bytes are compared with what this terminal keeps of them. What is "
	     "bad is named and sent again with the next backup; exit status 3, or 1 if nothing came "
	     "back."),
	  GROUP_BACKUP, drill_options, 0, 0, cmd_drill },
	{ "receipts", "", N_("What backups and restores did, and their bytes"),
	  NULL, GROUP_BACKUP, NULL, 0, 0, cmd_receipts },

	{ "cloud", "[APP] [--from DEVICE]", N_("What lies on the server"),
	  NULL, GROUP_RESTORE, from_options, 0, 1, cmd_cloud },
	{ "history", "APP ITEM [--diff [N]] [--from DEVICE]",
	  N_("An item's versions, and what changed in each"),
	  ITEM_IS, GROUP_RESTORE, history_options, 2, 2, cmd_history },
	{ "restore",
	  "[APP [ITEM... | --thread WHOM | --where EXPR]] [--version N | --at TIME] [--from DEVICE] [--into APP] "
	  "[--create DIR] [--field NAME]... [--preview]",
	  N_("Put items back into their app, field by field, replacing nothing"),
	  ITEM_IS, GROUP_RESTORE, restore_options, 0, ANY_NUMBER, cmd_restore },
	{ "undo", "[RESTORE]",
	  N_("Take away again what a restore added; what was edited since stays"),
	  N_("RESTORE is the id of a restore or take, or its beginning, as 'cloudbox originals' shows "
	     "it; else the newest that changed something and is not undone."),
	  GROUP_RESTORE, NULL, 0, 1, cmd_undo },
	{ "held", "[APP [ITEM]]",
	  N_("Fields that can hold one value only, and hold another in the backup"),
	  NULL, GROUP_RESTORE, NULL, 0, 2, cmd_held },
	{ "take", "APP ITEM FIELD",
	  N_("Put a held value in the place of the one here; 'cloudbox undo' puts that back"),
	  N_("FIELD is the field's name as 'cloudbox held' shows it, or NAME=VALUE where several are "
	     "held."),
	  GROUP_RESTORE, NULL, 3, 3, cmd_take },
	{ "originals", "[APP [ITEM]]", N_("What is kept of items as they were before a restore"),
	  NULL, GROUP_RESTORE, NULL, 0, 2, cmd_originals },
	{ "purge", "--older-than AGE", N_("Forget originals and held values that are old"),
	  NULL, GROUP_RESTORE, purge_options, 0, 0, cmd_purge },
	{ "export", "APP [ITEM... | --thread WHOM | --where EXPR] --to FILE [--format F]",
	  N_("Write an app's items, as they are here, into a file for other programs"),
	  N_("Tells what the format has no place for; it is kept in the file all the same."),
	  GROUP_RESTORE, export_options, 1, ANY_NUMBER, cmd_export },
	{ "import", "APP FILE [--preview]",
	  N_("Merge the contacts of a file into an app, field by field, replacing nothing"),
	  N_("FILE is a .vcf, or a folder of them, in any vCard version. As after a restore, originals "
	     "are kept, and cloudbox undo takes it back."),
	  GROUP_RESTORE, import_options, 2, 2, cmd_import },

	{ NULL, NULL, NULL, NULL, GROUP_ACCOUNT, NULL, 0, 0, NULL },
};
/* clang-format on */
