/* SPDX-License-Identifier: Apache-2.0 */
/* pair: the host's side: a device that is unlocked takes another terminal into the account. */
#include "account/pair.h"

#include <string.h>

#include "account/account_internal.h"
#include "account/pair_link.h"
#include "os/os.h"

#define PAIR_TRIES   4           /* others may sign entries at the same time */
#define LAST_WORD_MS (60 * 1000) /* for a joiner that has its keys: some requests on a slow link */

struct host {
	struct unlocked *u;
	struct pair_link link;
	struct account_paired *out;
	struct secret *dps, *root; /* the joiner's */
	struct wire_heads heads;
	enum pairing_why why; /* for the other side, if it fails */
};

static void
host_clear(struct host *h)
{
	pair_link_clear(&h->link);
	secret_free(h->dps);
	secret_free(h->root);
	wire_heads_clear(&h->heads);
}
AUTO_OBJ(host_clear, struct host);

static int
hear(struct host *h, struct pairing_message *m, struct err *err)
{
	pairing_message_clear(m);
	return pair_link_hear(&h->link, PAIR_LINK_WAIT_MS, m, err);
}

/* Until both persons have compared the digits. */
static int
meet(struct host *h, const struct account_pair_person *person, struct err *err)
{
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };
	int same;

	if (hear(h, &m, err) < 0 || pair_link_greet(&h->link, err) < 0 || hear(h, &m, err) < 0)
		return -1;
	same = person->compare(person->ctx, pairing_digits(h->link.talk), err);
	if (same < 0)
		return -1;
	if (!same) {
		h->why = PAIRING_WHY_PERSON;
		err_set(err, ERR_CANCELLED, "nobody was taken into the account");
		return err_hint(err,
				"other digits mean that somebody stands in between: begin anew "
				"where nobody looks on, cloudbox pair");
	}
	if (hear(h, &m, err) < 0 || account_name_check(m.name, err) < 0)
		return -1;
	h->out->device = m.device;
	memcpy(h->out->name, m.name, sizeof m.name);
	return 0;
}

/* The joiner was killed before it had its keys, and comes again?  1: it is in the log; 0: it is not;
 * -1: it is, and can be that device no more. */
static int
comes_again(struct host *h, struct err *err)
{
	const struct log_device *d = log_state_device(&h->u->log, &h->out->device);

	if (!d)
		return 0;
	if (d->state == DEVICE_ALIVE && d->epoch_added == h->u->log.epoch &&
	    memcmp(d->dsk_public, pairing_dsk_public(h->link.talk), sizeof d->dsk_public) == 0)
		return 1;
	h->why = PAIRING_WHY_DEVICE;
	err_set(err, ERR_REFUSED, "that terminal was taken in before, and has been shut out since");
	return err_hint(err, "begin anew, cloudbox pair: it becomes another device then");
}

/* Have the joiner sign its entry, which is to stand next in the log. */
static int
have_signed(struct host *h, struct log_entry *e, struct err *err)
{
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };

	m.kind = PAIRING_PLACE;
	m.account = e->account;
	m.index = e->index;
	m.before = e->before;
	if (pair_link_say(&h->link, &m, err) < 0 || hear(h, &m, err) < 0)
		return -1;
	memcpy(e->device_signature, m.signature, sizeof e->device_signature);
	return log_device_verify(e, err);
}

/* One attempt.  ERR_CONFLICT: the log has grown meanwhile. */
static int
add_once(struct host *h, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	AUTO(buf_clear) struct buf name_box = BUF_INIT(LOG_NAME_BYTES_MAX);
	AUTO(buf_clear) struct buf signed_entry = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	const struct account_keys *keys = unlocked_now(h->u);
	const struct account_newcomer who = {
		.id = h->out->device,
		.dsk_public = pairing_dsk_public(h->link.talk),
		.root = h->root,
		.name = h->out->name,
	};
	struct span entry;
	int again;

	if (!e)
		return err_nomem(err);
	wire_heads_clear(&h->heads);
	if (unlocked_check_heads(h->u, &h->heads, err) < 0)
		return -1;
	again = comes_again(h, err);
	if (again < 0 || account_added_fill(e, &name_box, &h->u->log, keys, &who, err) < 0 ||
	    have_signed(h, e, err) < 0)
		return -1;
	if (again)
		return 0;
	if (log_entry_sign(&signed_entry, e, keys->ask, NULL, err) < 0)
		return -1;
	entry = buf_span(&signed_entry);
	return unlocked_post(h->u, &entry, 1, NULL, err);
}

static int
add(struct host *h, struct err *err)
{
	const struct account_keys *keys = unlocked_now(h->u);
	struct err why = { 0 };
	int rc = -1;

	if (account_device_psk(&h->dps, keys, h->out->device.b, err) < 0 ||
	    account_device_root(&h->root, keys, h->out->device.b, err) < 0)
		return -1;
	for (int i = 0; i < PAIR_TRIES && rc < 0; i++) {
		rc = add_once(h, &why);
		if (rc < 0 && why.code != ERR_CONFLICT)
			break;
	}
	if (rc < 0 && err)
		*err = why;
	return rc;
}

/* The living first, so that they find room. */
static void
fill_heads(struct pairing_keys *k, const struct host *h)
{
	for (int living = 1; living >= 0; living--)
		for (size_t i = 0; i < h->heads.n_devices && k->n_heads < BATCH_HEADS_MAX; i++) {
			const struct wire_device *w = &h->heads.devices[i];
			const struct log_device *d = log_state_device(&h->u->log, &w->device);

			if (id16_equal(&w->device, &h->out->device) ||
			    (d && d->state == DEVICE_ALIVE) != living)
				continue;
			k->heads[k->n_heads++] = (struct device_head){ w->device, w->seq, w->head };
		}
}

static int
copy_secret(struct secret **out, const struct secret *s, struct err *err)
{
	return secret_from_bytes(out, secret_bytes(s), err);
}

static int
hand_over(struct host *h, struct err *err)
{
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };
	const struct account_keys *keys = unlocked_now(h->u);
	struct pairing_keys *k = &m.keys;

	m.kind = PAIRING_KEYS;
	k->epoch = h->u->log.epoch;
	k->log_length = h->u->log.length;
	k->log_head = h->u->log.head;
	memcpy(k->ask_public, sign_key_public(keys->ask), sizeof k->ask_public);
	memcpy(k->aek_public, keys->aek_public, sizeof k->aek_public);
	fill_heads(k, h);
	if (copy_secret(&k->psk, keys->psk, err) < 0 || copy_secret(&k->dps, h->dps, err) < 0 ||
	    copy_secret(&k->root, h->root, err) < 0)
		return -1;
	return pair_link_say(&h->link, &m, err);
}

/* From the code to the keys. */
static int
take_in(struct host *h, struct box *box, const struct account_pair_person *person, struct err *err)
{
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };
	struct err ignored;

	if (meet(h, person, err) < 0 || add(h, err) < 0 ||
	    log_copy_adopt(box, &h->u->log, buf_span(&h->u->raw), err) < 0 || hand_over(h, err) < 0)
		return -1;
	/* It is a device now, whatever becomes of its last word. */
	h->out->finished = pair_link_hear(&h->link, LAST_WORD_MS, &m, &ignored) == 0;
	return 0;
}

int
account_pair(struct account_paired *out, struct unlocked *u, struct box *box,
	     const struct remote_url *address, const struct account_pair_person *person,
	     struct err *err)
{
	AUTO(host_clear) struct host h = { .u = u, .out = out, .why = PAIRING_WHY_FAILED };
	AUTO(secret_free) struct secret *secret = NULL;
	struct remote *remote = unlocked_remote(u, err);
	struct remote_url code = *address;
	struct id16 id;
	uint64_t left_ms;
	int rc;

	*out = (struct account_paired){ .finished = false };
	os_random(id.b, sizeof id.b);
	if (!remote || secret_new_random(&secret, err) < 0 ||
	    pair_link_init(&h.link, remote, PAIR_HOST, &id, secret, NULL, err) < 0 ||
	    remote_pair_open(remote, &id, &left_ms, err) < 0)
		return -1;
	code.kind = REMOTE_URL_PAIRING;
	memcpy(code.code, id.b, sizeof code.code);
	memcpy(code.secret, secret_bytes(secret), sizeof code.secret);
	rc = person->show(person->ctx, &code, left_ms, err);
	secret_wipe(code.secret, sizeof code.secret);
	if (rc == 0)
		rc = take_in(&h, box, person, err);
	if (rc < 0)
		pair_link_break(&h.link,
				err && err->code == ERR_CANCELLED ? PAIRING_WHY_PERSON : h.why);
	return rc;
}
