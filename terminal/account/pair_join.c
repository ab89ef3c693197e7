/* SPDX-License-Identifier: Apache-2.0 */
/* pair_join: the joiner's side of a pairing: this terminal is taken into an account. */
#include <string.h>

#include "account/account_internal.h"
#include "account/pair.h"
#include "account/pair_link.h"
#include "base/text.h"
#include "box/box.h"
#include "box/joining.h"
#include "os/os.h"

struct joiner {
	struct box *box;
	struct pair_link link;
	struct joining me; /* who this terminal is to be */
	struct sign_key *dsk;
	struct log_state at; /* the log as far as the host told of it */
	struct log_state log;
	struct buf raw;
};

static void
joiner_clear(struct joiner *j)
{
	pair_link_clear(&j->link);
	joining_clear(&j->me);
	sign_key_free(j->dsk);
	log_state_clear(&j->at);
	log_state_clear(&j->log);
	buf_clear(&j->raw);
}
AUTO_OBJ(joiner_clear, struct joiner);

/* The device that this terminal was about to become when it was killed, or another one. */
static int
who_to_be(struct joiner *j, struct err *err)
{
	int rc = joining_get(&j->me, j->box, err);

	if (rc < 0)
		return -1;
	if (rc == BOX_ABSENT || !id16_is_zero(&j->me.invitation)) {
		joining_clear(&j->me);
		os_random(j->me.device.b, sizeof j->me.device.b);
		if (secret_new_random(&j->me.dsk_seed, err) < 0)
			return -1;
	}
	return sign_key_new(&j->dsk, j->me.dsk_seed, err);
}

static int
hear(struct joiner *j, struct pairing_message *m, struct err *err)
{
	pairing_message_clear(m);
	return pair_link_hear(&j->link, PAIR_LINK_WAIT_MS, m, err);
}

/* Until both persons have compared the digits. */
static int
meet(struct joiner *j, const char *name, const struct account_pair_person *person, struct err *err)
{
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };
	int same;

	if (pair_link_greet(&j->link, err) < 0 || hear(j, &m, err) < 0 ||
	    pair_link_greet(&j->link, err) < 0)
		return -1;
	same = person->compare(person->ctx, pairing_digits(j->link.talk), err);
	if (same < 0)
		return -1;
	if (!same) {
		err_set(err, ERR_CANCELLED, "this terminal did not join");
		return err_hint(err,
				"other digits mean that somebody stands in between: begin anew "
				"where nobody looks on, cloudbox pair");
	}
	m.kind = PAIRING_YES;
	m.device = j->me.device;
	strcpy(m.name, name);
	return pair_link_say(&j->link, &m, err);
}

/* Sign this device's entry at the place that the host names.  Durable before it is said: from then on
 * the host may put it into the log. */
static int
sign_place(struct joiner *j, const struct pairing_message *place, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	struct pairing_message m = { .kind = PAIRING_SIGNED };

	if (!e)
		return err_nomem(err);
	e->account = j->me.account = place->account;
	e->index = place->index;
	e->before = place->before;
	e->device = j->me.device;
	memcpy(e->dsk_public, sign_key_public(j->dsk), sizeof e->dsk_public);
	j->me.invitation = (struct id16){ { 0 } };
	if (log_device_sign(e, j->dsk, err) < 0 || joining_put(j->box, &j->me, err) < 0)
		return -1;
	memcpy(m.signature, e->device_signature, sizeof m.signature);
	return pair_link_say(&j->link, &m, err);
}

/* Sign until the keys come. */
static int
be_added(struct joiner *j, struct pairing_message *m, struct err *err)
{
	while (hear(j, m, err) == 0) {
		if (m->kind == PAIRING_KEYS)
			return 0;
		if (sign_place(j, m, err) < 0)
			return -1;
	}
	/* What cannot be any more is not tried again. */
	if (m->kind == PAIRING_NO && m->why == PAIRING_WHY_DEVICE)
		joining_drop(j->box);
	return -1;
}

static int
alarm(struct err *err, const char *what)
{
	err_set(err, ERR_ALARM, "the server shows another account than the other terminal: %s",
		text(what));
	return err_hint(err, "ask its operator before going on; nothing was put into this Box");
}

/* The log that the server shows, up to where the host knows it, and all of it. */
static int
read_log(struct joiner *j, const struct pairing_keys *k, struct err *err)
{
	struct span left, entry;
	struct err why = { 0 };

	if (remote_log(j->link.remote, 0, &j->raw, err) < 0)
		return -1;
	left = buf_span(&j->raw);
	log_state_init(&j->at, &j->me.account);
	log_state_init(&j->log, &j->me.account);
	while (j->at.length < k->log_length) {
		int rc = wire_log_next(&entry, &left, &why);

		if (rc == WIRE_END)
			return alarm(err, N_("its account log is shorter"));
		if (rc < 0 || log_state_apply(&j->at, entry, &why) < 0)
			break;
	}
	if (why.code == ERR_NOMEM)
		return err_nomem(err);
	if (why.code || !hash32_equal(&j->at.head, &k->log_head))
		return alarm(err, N_("its account log is another one"));
	if (log_copy_apply(&j->log, buf_span(&j->raw), &why) < 0)
		return why.code == ERR_NOMEM
			       ? err_nomem(err)
			       : alarm(err, N_("its account log is not signed by it"));
	return 0;
}

/* What was handed over against what was signed. */
static int
check_keys(const struct joiner *j, const struct pairing_keys *k, struct err *err)
{
	const struct log_device *me = log_state_device(&j->at, &j->me.device);
	struct hash32 psk_check, d_check;

	keys_check(psk_check.b, k->psk);
	keys_check(d_check.b, k->root);
	if (memcmp(j->at.ask_public, k->ask_public, sizeof k->ask_public) != 0)
		return alarm(err, N_("its account log is signed with another key"));
	if (!me || me->state != DEVICE_ALIVE ||
	    memcmp(me->dsk_public, sign_key_public(j->dsk), sizeof me->dsk_public) != 0)
		return alarm(err, N_("its account log does not have this terminal"));
	if (j->at.epoch != k->epoch ||
	    memcmp(j->at.aek_public, k->aek_public, sizeof k->aek_public) != 0 ||
	    !hash32_equal(&j->at.psk_check, &psk_check) || !hash32_equal(&me->d_check, &d_check))
		return err_set(err, ERR_AUTH,
			       "the keys that the other terminal handed over are not those of the "
			       "account log");
	return 0;
}

static const struct wire_device *
find_head(const struct wire_heads *heads, const struct id16 *device)
{
	for (size_t i = 0; i < heads->n_devices; i++)
		if (id16_equal(&heads->devices[i].device, device))
			return &heads->devices[i];
	return NULL;
}

/* No device is left out, none is at an older batch than the host saw, and the log is as long. */
static int
check_heads(const struct joiner *j, const struct pairing_keys *k, struct err *err)
{
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };

	if (remote_heads(j->link.remote, &heads, err) < 0)
		return -1;
	if (heads.log.length < j->log.length)
		return alarm(err, N_("its account log is shorter"));
	for (size_t i = 0; i < j->log.n_devices; i++)
		if (!find_head(&heads, &j->log.devices[i].id))
			return alarm(err, N_("it leaves out a device"));
	for (size_t i = 0; i < k->n_heads; i++) {
		const struct wire_device *w = find_head(&heads, &k->heads[i].device);
		const struct log_device *d = log_state_device(&j->log, &k->heads[i].device);

		/* One that was shut out in between goes back to its cut. */
		if (d && d->state != DEVICE_ALIVE)
			continue;
		if (!w || w->seq < k->heads[i].seq ||
		    (w->seq == k->heads[i].seq && !hash32_equal(&w->head, &k->heads[i].head)))
			return alarm(err, N_("it shows an older state of a device"));
	}
	return 0;
}

static int
put_heads(struct box *box, const struct pairing_keys *k, struct err *err)
{
	struct identity_device row;

	for (size_t i = 0; i < k->n_heads; i++) {
		memcpy(row.device, k->heads[i].device.b, sizeof row.device);
		row.seq = k->heads[i].seq;
		memcpy(row.head, k->heads[i].head.b, sizeof row.head);
		if (identity_put_head(box, &row, err) < 0)
			return -1;
	}
	return 0;
}

/* All that the Box is to know, or nothing.  Where the log has grown since, its copy follows. */
static int
settle(struct joiner *j, const struct pairing_keys *k, struct err *err)
{
	struct identity_keys keys = {
		.epoch = k->epoch,
		.dsk_seed = j->me.dsk_seed,
		.psk = k->psk,
		.dps = k->dps,
		.root = k->root,
	};

	memcpy(keys.ask_public, k->ask_public, sizeof keys.ask_public);
	memcpy(keys.aek_public, k->aek_public, sizeof keys.aek_public);
	if (box_begin(j->box, err) < 0)
		return -1;
	if (account_settle(j->box, j->link.remote, &j->me.device, &keys, &j->at, err) < 0 ||
	    put_heads(j->box, k, err) < 0 ||
	    log_copy_adopt(j->box, &j->log, buf_span(&j->raw), err) < 0) {
		box_rollback(j->box);
		return -1;
	}
	if (box_commit(j->box, err) < 0)
		return -1;
	joining_drop(j->box);
	return 0;
}

static int
be_taken_in(struct joiner *j, const char *name, const struct account_pair_person *person,
	    struct err *err)
{
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };
	const struct pairing_message done = { .kind = PAIRING_DONE };
	struct err ignored;

	if (meet(j, name, person, err) < 0 || be_added(j, &m, err) < 0 ||
	    remote_login_device(j->link.remote, &j->me.account, &j->me.device, j->dsk, err) < 0 ||
	    read_log(j, &m.keys, err) < 0 || check_keys(j, &m.keys, err) < 0 ||
	    check_heads(j, &m.keys, err) < 0 || settle(j, &m.keys, err) < 0)
		return -1;
	pair_link_say(&j->link, &done, &ignored);
	return 0;
}

int
account_pair_join(struct box *box, struct remote *remote, const struct remote_url *code,
		  const char *name, const struct account_pair_person *person, struct err *err)
{
	AUTO(joiner_clear) struct joiner j = { .box = box, .raw = BUF_INIT(LOG_COPY_BYTES_MAX) };
	AUTO(secret_free) struct secret *secret = NULL;
	struct id16 id;
	int rc;

	memcpy(id.b, code->code, sizeof id.b);
	if (account_none_yet(box, err) < 0 || account_name_check(name, err) < 0 ||
	    secret_from_bytes(&secret, code->secret, err) < 0 || who_to_be(&j, err) < 0 ||
	    pair_link_init(&j.link, remote, PAIR_JOINER, &id, secret, j.dsk, err) < 0)
		return -1;
	rc = be_taken_in(&j, name, person, err);
	/* A code that another terminal uses is not ours to end. */
	if (rc < 0 && j.link.n_said)
		pair_link_break(&j.link, err && err->code == ERR_CANCELLED ? PAIRING_WHY_PERSON
									   : PAIRING_WHY_FAILED);
	return rc;
}
