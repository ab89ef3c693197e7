/* SPDX-License-Identifier: Apache-2.0 */
/* told: what a restore did, item by item, for people and in JSON: used by restore, join and undo. */
#ifndef CLI_TOLD_H
#define CLI_TOLD_H

#include "cli/cli.h"

struct restore_field;
struct restore_result;

/** Print @r, or make it the result.  @preview: nothing was done, it only would be.  Its rows' errors. */
int told_restore(struct cli *cli, const struct restore_result *r, bool preview, struct err *err);

/** Warn of @alarms: what the server shows is not what was signed; and say what to do. */
void told_alarms(const struct cli *cli, char *const *alarms, size_t n);

struct restore_fit;

/** Tell on standard error what an app keeps of the items to come, and what it has no place for. */
void told_fit(const struct restore_fit *fit, bool from_file);

/** Put a list of {field, value} under @key into @o. */
void told_fields(struct cli *cli, struct json_object *o, const char *key,
		 const struct restore_field *fields, size_t n);

#endif
