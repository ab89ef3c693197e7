/* SPDX-License-Identifier: Apache-2.0 */
/* log_news: what new entries of the account log mean for this terminal; see account_internal.h. */
#include <stdio.h>

#include "account/account_internal.h"
#include "account/owner.h"
#include "box/settings.h"

#define NAME_SETTING "local-name-"

static void
name_setting(char out[static SETTING_KEY_MAX], const struct id16 *device)
{
	snprintf(out, SETTING_KEY_MAX, NAME_SETTING "%s", id16_hex(device).s);
}

void
name_kept(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], struct box *b, const struct id16 *device)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(ACCOUNT_DEVICE_NAME_MAX);
	char key[SETTING_KEY_MAX];
	struct err err;

	name_setting(key, device);
	out[0] = 0;
	if (setting_get(&value, b, key, &err) == 0)
		memcpy(out, buf_str(&value), value.n + 1);
}

int
names_keep(struct box *b, const struct log_state *s, const struct secret *psk, uint64_t epoch,
	   struct err *err)
{
	for (size_t i = 0; i < s->n_devices; i++) {
		const struct log_device *d = &s->devices[i];
		char key[SETTING_KEY_MAX], name[ACCOUNT_DEVICE_NAME_MAX + 1];
		char there[ACCOUNT_DEVICE_NAME_MAX + 1];

		if (d->name_epoch != epoch)
			continue;
		account_name_open(name, d, &s->account, psk, epoch);
		name_kept(there, b, &d->id);
		name_setting(key, &d->id);
		if (name[0] && strcmp(name, there) != 0 &&
		    setting_set(b, key, span_str(name), err) < 0)
			return -1;
	}
	return 0;
}

void
names_keep_all(struct box *b, const struct unlocked *u)
{
	struct err err;

	for (uint64_t epoch = LOG_FIRST_EPOCH; epoch < u->n_keys; epoch++)
		if (names_keep(b, &u->log, u->keys[epoch - LOG_FIRST_EPOCH]->psk, epoch, &err) < 0)
			return;
}

/* What the entries change, read once from the first on. */
struct news {
	struct id16 find_before, find; /* by which the recovery code finds the account */
	bool moved;                    /* a set_server entry came */
};

static int
read_news(struct news *n, struct span raw, uint64_t known, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	struct span entry;
	int rc;

	if (!e)
		return err_nomem(err);
	while ((rc = wire_log_next(&entry, &raw, err)) == 0) {
		if (log_entry_decode(e, entry, err) < 0)
			return -1;
		if (e->type == LOG_CREATE || e->type == LOG_ROTATE || e->type == LOG_REWRAP) {
			n->find = e->credentials.recovery_find;
			if (e->index < known)
				n->find_before = n->find;
		}
		n->moved |= e->type == LOG_SET_SERVER && e->index >= known;
	}
	return rc < 0 ? -1 : 0;
}

int
log_news(struct box *b, const struct log_state *s, struct span raw, uint64_t known, struct err *err)
{
	struct news n = { 0 };
	struct err no_address;

	if (s->length <= known)
		return 0;
	if (read_news(&n, raw, known, err) < 0)
		return -1;
	/* The code that was confirmed here opens nothing any more. */
	if (!id16_equal(&n.find, &n.find_before) && box_identity(b)->recovery_confirmed &&
	    identity_set_recovery_confirmed(b, false, err) < 0)
		return -1;
	/* An address that this program cannot read moves nobody. */
	if (n.moved && server_follow(b, s->url, &no_address) < 0 && no_address.code != ERR_SYNTAX &&
	    no_address.code != ERR_FORMAT && no_address.code != ERR_LIMIT) {
		if (err)
			*err = no_address;
		return -1;
	}
	return 0;
}
