/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands: the one table of what `cloudbox` can do.
 *
 * Overview, help, parsing and running all come from it.  A command: its line in the table (in
 * commands.c), its function in the file of its group.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/args.h"

/* Ends with a NULL name; in the order of the overview. */
extern const struct command commands[];

/* Options that every command takes. */
extern const struct option global_options[];

/* Each: an exit status, or -1 with @err. */

/* cmd_join.c, cmd_account.c */
int cmd_init(struct cli *cli, struct err *err);
int cmd_join(struct cli *cli, struct err *err);
int cmd_status(struct cli *cli, struct err *err);
int cmd_devices(struct cli *cli, struct err *err);
int cmd_lock(struct cli *cli, struct err *err);
int cmd_passphrase(struct cli *cli, struct err *err);
int cmd_recovery_confirm(struct cli *cli, struct err *err);
int cmd_recovery_new(struct cli *cli, struct err *err);

/* cmd_pair.c */
int cmd_pair(struct cli *cli, struct err *err);

/* cmd_revoke.c */
int cmd_revoke(struct cli *cli, struct err *err);

/* cmd_owner.c, cmd_server.c */
int cmd_account(struct cli *cli, struct err *err);
int cmd_account_keep(struct cli *cli, struct err *err);
int cmd_account_delete(struct cli *cli, struct err *err);
int cmd_retention(struct cli *cli, struct err *err);
int cmd_retire(struct cli *cli, struct err *err);
int cmd_server(struct cli *cli, struct err *err);

/* cmd_region.c */
int cmd_region(struct cli *cli, struct err *err);

/* cmd_apps.c */
int cmd_apps(struct cli *cli, struct err *err);
int cmd_apps_add(struct cli *cli, struct err *err);
int cmd_apps_remove(struct cli *cli, struct err *err);
int cmd_items(struct cli *cli, struct err *err);

/* cmd_add.c, cmd_box.c */
int cmd_add(struct cli *cli, struct err *err);
int cmd_box(struct cli *cli, struct err *err);
int cmd_remove(struct cli *cli, struct err *err);
int cmd_select(struct cli *cli, struct err *err);
int cmd_unselect(struct cli *cli, struct err *err);

/* cmd_rules.c */
int cmd_rules(struct cli *cli, struct err *err);
int cmd_rules_remove(struct cli *cli, struct err *err);

/* cmd_backup.c */
int cmd_backup(struct cli *cli, struct err *err);
int cmd_forget(struct cli *cli, struct err *err);
int cmd_receipts(struct cli *cli, struct err *err);

/* cmd_auto.c, cmd_run.c */
int cmd_auto(struct cli *cli, struct err *err);
int cmd_run(struct cli *cli, struct err *err);

/* cmd_cloud.c */
int cmd_cloud(struct cli *cli, struct err *err);
int cmd_history(struct cli *cli, struct err *err);

/* cmd_export.c */
int cmd_export(struct cli *cli, struct err *err);

/* cmd_import.c */
int cmd_import(struct cli *cli, struct err *err);

/* cmd_verify.c */
int cmd_verify(struct cli *cli, struct err *err);

/* cmd_drill.c */
int cmd_drill(struct cli *cli, struct err *err);

/* cmd_restore.c */
int cmd_restore(struct cli *cli, struct err *err);

/* cmd_undo.c */
int cmd_undo(struct cli *cli, struct err *err);
int cmd_take(struct cli *cli, struct err *err);

/* cmd_kept.c */
int cmd_held(struct cli *cli, struct err *err);
int cmd_purge(struct cli *cli, struct err *err);
int cmd_originals(struct cli *cli, struct err *err);

#endif
