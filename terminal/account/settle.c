/* SPDX-License-Identifier: Apache-2.0 */
/* settle: how a device gets into the log, and a terminal into its Box; whatever the way it came. */
#include <string.h>

#include "account/account_internal.h"
#include "account/owner.h"
#include "box/box.h"
#include "os/os.h"

int
account_none_yet(struct box *box, struct err *err)
{
	if (!box_identity(box))
		return 0;
	err_set(err, ERR_EXISTS, "this terminal is in an account already");
	return err_hint(err, "another --home keeps another Box");
}

int
account_added_fill(struct log_entry *e, struct buf *name_box, const struct log_state *s,
		   const struct account_keys *keys, const struct account_newcomer *who,
		   struct err *err)
{
	log_state_next(e, s);
	e->type = LOG_ADD_DEVICE;
	e->client_unix_ms = (uint64_t)os->now_unix_ms();
	e->device = who->id;
	memcpy(e->dsk_public, who->dsk_public, sizeof e->dsk_public);
	memcpy(e->aek_public, keys->aek_public, sizeof e->aek_public);
	keys_check(e->psk_check.b, keys->psk);
	keys_check(e->d_check.b, who->root);
	if (wrap_box_seal(name_box, keys->psk, s->account.b,
			  DS(DS_NAME, DS_ID(who->id.b), DS_NUM(e->epoch)), span_str(who->name),
			  err) < 0)
		return -1;
	e->name_box = buf_span(name_box);
	return 0;
}

int
account_settle(struct box *box, const struct remote *remote, const struct id16 *device,
	       const struct identity_keys *keys, const struct log_state *s, struct err *err)
{
	const struct log_device *d = log_state_device(s, device);
	char name[ACCOUNT_DEVICE_NAME_MAX + 1];
	struct identity_server server;
	struct identity_new in = {
		.account = s->account.b,
		.device = device->b,
		.name = name,
		.server = &server,
		.keys = keys,
		.log_length = s->length,
		.log_head = s->head.b,
	};

	if (!d)
		return err_set(err, ERR_INTERNAL, "the new device is not in the log");
	account_name_open(name, d, &s->account, keys->psk, s->epoch);
	in.first_head = d->added.b;
	if (account_server_of(&server, remote_server(remote), err) < 0)
		return -1;
	return identity_create(box, &in, err);
}
