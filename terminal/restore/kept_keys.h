/* SPDX-License-Identifier: Apache-2.0 */
/* kept_keys: the keys that open what the Box keeps, asked for once they are needed. */
#ifndef RESTORE_KEPT_KEYS_H
#define RESTORE_KEPT_KEYS_H

#include <stdint.h>

#include "base/err.h"

struct account_keys; /* crypto/keys.h */

/** The account's keys of @epoch; borrowed.  NULL with @err: ERR_LOCKED, ERR_AUTH (the account never had
 *  such), account_unlock()'s. */
typedef const struct account_keys *kept_keys_fn(void *ctx, uint64_t epoch, struct err *err);

#endif
