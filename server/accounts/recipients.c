/* SPDX-License-Identifier: Apache-2.0 */
/* recipients: see recipients.h. */
#include "accounts/recipients.h"

#include <stdio.h>
#include <string.h>

int
recipient_set(struct catalog_tx *tx, const struct id16 *id, const char *mail, const char *webhook,
	      struct err *err)
{
	struct catalog_recipient r;
	int rc = tx->ops->recipient_get(tx, &r, id, err);

	if (rc < 0)
		return -1;
	if (rc == CATALOG_ABSENT)
		r = (struct catalog_recipient){ .account = *id };
	if (mail)
		snprintf(r.mail, sizeof r.mail, "%s", mail);
	if (webhook)
		snprintf(r.webhook, sizeof r.webhook, "%s", webhook);
	/* The row of one that nobody hears stays: it knows when the last message was sent. */
	return tx->ops->recipient_put(tx, &r, err);
}

struct id16
recipient_invited(const struct hash32 *invitation)
{
	struct id16 id;

	memcpy(id.b, invitation->b, sizeof id.b);
	return id;
}

int
recipient_take(struct catalog_tx *tx, const struct hash32 *invitation, const struct id16 *account,
	       struct err *err)
{
	struct id16 id = recipient_invited(invitation);
	struct catalog_recipient r;
	int rc = tx->ops->recipient_get(tx, &r, &id, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	r.account = *account;
	return tx->ops->recipient_put(tx, &r, err) < 0 ? -1
						       : tx->ops->recipient_remove(tx, &id, err);
}
