/* SPDX-License-Identifier: Apache-2.0 */
/* planned: what the automatic mode waits for and why, for people and for programs. */
#ifndef CLI_PLANNED_H
#define CLI_PLANNED_H

#include "auto/tasks.h"
#include "base/buf.h"
#include "cli/cli.h"

#define PLANNED_TEXT_BYTES 1024

/** "backup waits for its hours, 22:00-07:00, until 2026-11-26 22:00" */
int planned_sentence(struct buf *out, const struct auto_look *look, const struct auto_state *s,
		     struct err *err);

/** [{reason, until, task}] of what is not due. */
struct json_object *planned_json(struct cli *cli, const struct auto_todo *todo);

/** Conditions of the plan that nobody can tell here, and that therefore count as met: a sentence; appends nothing
 *  where there are none. */
int planned_unknown(struct buf *out, const struct auto_look *look, struct err *err);
/** The same as [word]. */
struct json_object *planned_unknown_json(struct cli *cli, const struct auto_look *look);

/** [{task, code, message, at}]: how runs ended that did not go well. */
int planned_problems_json(struct json_object **out, struct cli *cli, struct err *err);
/** The same, a line each. */
int planned_problems_print(struct cli *cli, struct err *err);

#endif
