/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin: what the operator asks for: invite, accounts, account, usage, devices, check, tidy,
 * snapshot.
 *
 * A request and its answer are JSON objects, so that they are the same whether the command works on
 * the data itself or asks the running server through its socket (control.h):
 *
 *     {"command": "invite", "quota": BYTES, "valid_ms": N}      "devices" and "account" have "account"; the
 *                                                     latter perhaps "new_quota"; "suspend", "resume", "remove"; both it and "invite" "mail", "webhook"; "check" has "all"; "snapshot" "folder"
 *     {"status": 0, "result": …}            result as `--json` prints it; status as the exit status
 *     {"status": 1, "error": {"code", "message", "hint"}}
 */
#ifndef SERVER_ADMIN_H
#define SERVER_ADMIN_H

#include <json-c/json.h>

#include "installation.h"

struct admin {
	struct installation *installation;
	struct installation_address address; /* for invitations */
	uint64_t min_free_bytes;             /* as `serve` has it: api/server.h */
	_Atomic bool stop;                   /* end what takes long */
};

/** Do what @request says.  The answer is the caller's (json_object_put); NULL without memory. */
struct json_object *admin_answer(struct admin *a, struct json_object *request);

#endif
