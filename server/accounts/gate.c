/* SPDX-License-Identifier: Apache-2.0 */
/* gate: see gate.h. */
#include "accounts/gate.h"

#include <stdarg.h>
#include <stdio.h>

int
refuse(struct problem *p, enum problem_word word)
{
	*p = (struct problem){ .word = word };
	return REFUSED;
}

static void
print_detail(struct problem *p, const char *fmt, va_list args)
{
	vsnprintf(p->detail, sizeof p->detail, fmt, args);
}

int
refuse_because(struct problem *p, enum problem_word word, const char *fmt, ...)
{
	va_list args;

	refuse(p, word);
	va_start(args, fmt);
	print_detail(p, fmt, args);
	va_end(args);
	return REFUSED;
}

int
gate_account(struct catalog_tx *tx, const struct id16 *account, struct catalog_account *out,
	     struct problem *p, struct err *err)
{
	int rc = tx->ops->account_get(tx, out, account, err);

	if (rc == CATALOG_ABSENT)
		return refuse(p, PROBLEM_ACCOUNT);
	if (rc == 0 && out->suspended)
		return refuse(p, PROBLEM_SUSPENDED);
	return rc;
}

int
gate_device(struct catalog_tx *tx, const struct id16 *account, const struct id16 *device,
	    struct catalog_device *out, struct problem *p, struct err *err)
{
	int rc = tx->ops->device_get(tx, out, account, device, err);

	if (rc == CATALOG_ABSENT)
		return refuse(p, PROBLEM_DEVICE);
	if (rc == 0 && out->state != DEVICE_ALIVE)
		return refuse(p, PROBLEM_REVOKED);
	if (rc == 0 && out->suspended)
		return refuse(p, PROBLEM_SUSPENDED);
	return rc;
}

int
gate_session(struct catalog_tx *tx, const struct session *s, struct catalog_account *account,
	     struct catalog_device *device, struct problem *p, struct err *err)
{
	int rc = gate_account(tx, &s->account, account, p, err);

	if (rc == 0 && s->kind == LOGIN_DEVICE)
		rc = gate_device(tx, &s->account, &s->device, device, p, err);
	return rc;
}

int
gate_data_of(struct catalog_tx *tx, const struct session *s, const struct id16 *device,
	     struct catalog_device *out, struct problem *p, struct err *err)
{
	if (s->scope != LOGIN_GET && !id16_equal(&s->device, device))
		return refuse(p, PROBLEM_SCOPE);
	int rc = tx->ops->device_get(tx, out, &s->account, device, err);
	return rc == CATALOG_ABSENT ? refuse(p, PROBLEM_DEVICE) : rc;
}
