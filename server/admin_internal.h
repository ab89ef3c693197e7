/* SPDX-License-Identifier: Apache-2.0 */
/* admin_internal: commands that stand in other files than admin.c: *result becomes the answer's. */
#ifndef SERVER_ADMIN_INTERNAL_H
#define SERVER_ADMIN_INTERNAL_H

#include "admin.h"

typedef int admin_command_fn(struct admin *a, struct json_object *request,
			     struct json_object **result, struct err *err);

/* admin_accounts.c */
admin_command_fn admin_invite, admin_accounts, admin_account, admin_devices;

#endif
