/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipients: who is told of an account's alarms, as the operator says: for an account, or for an
 * invitation already, whose account then has it.
 */
#ifndef ACCOUNTS_RECIPIENTS_H
#define ACCOUNTS_RECIPIENTS_H

#include "catalog/catalog.h"

/** Set what is not NULL; "" for nobody.  Both were checked (upkeep/message.h).  @id: an account, or
 *  recipient_invited(). */
int recipient_set(struct catalog_tx *tx, const struct id16 *id, const char *mail,
		  const char *webhook, struct err *err);

/** Under which id an invitation has its recipient, by the hash of its code. */
struct id16 recipient_invited(const struct hash32 *invitation);

/** The invitation's recipient becomes the account's. */
int recipient_take(struct catalog_tx *tx, const struct hash32 *invitation,
		   const struct id16 *account, struct err *err);

#endif
