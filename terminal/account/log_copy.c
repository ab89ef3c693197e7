/* SPDX-License-Identifier: Apache-2.0 */
/* log_copy: see log_copy.h. */
#include "account/log_copy.h"

#include "account/account.h"
#include "account/account_internal.h"
#include "account/standing.h"
#include "base/text.h"
#include "box/identity.h"
#include "crypto/wrap.h"
#include "os/os.h"
#include "remote/remote.h"
#include "wire/wire.h"

#define LOG_COPY_FILE "account-log"

int
log_copy_apply(struct log_state *s, struct span entries, struct err *err)
{
	struct span entry;
	int rc;

	while ((rc = wire_log_next(&entry, &entries, err)) == 0)
		if (log_state_apply(s, entry, err) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}

int
log_copy_hash_at(struct hash32 *out, struct span entries, uint64_t index, struct err *err)
{
	struct span entry;
	int rc;

	while ((rc = wire_log_next(&entry, &entries, err)) == 0)
		if (index-- == 0) {
			log_entry_hash(out, entry);
			return 0;
		}
	return rc < 0 ? -1 : err_set(err, ERR_NOT_FOUND, "the account log is shorter");
}

int
log_copy_read(struct log_state *s, struct buf *raw, struct box *b, struct err *err)
{
	const struct identity *me;
	struct id16 account;

	if (box_identity_need(&me, b, err) < 0)
		return -1;
	memcpy(account.b, me->account, sizeof account.b);
	log_state_init(s, &account);
	if (os_read_file(box_home_fd(b), LOG_COPY_FILE, raw, err) < 0 ||
	    log_copy_apply(s, buf_span(raw), err) < 0)
		return err_wrap(err, "this terminal's copy of the account log");
	return 0;
}

/* The PSK ‖ DPS that a rotate entry has for @device, opened with the DPS before. */
static int
rotated_keys(struct identity_keys *keys, const struct log_entry *e, const struct id16 *device,
	     struct err *err)
{
	uint8_t plain[2 * SECRET_BYTES];
	int rc = 0;

	for (uint32_t i = 0; i < e->n_rotated; i++) {
		const struct log_rotated_device *d = &e->rotated[i];

		if (!id16_equal(&d->device, device))
			continue;
		rc = wrap_box_open(plain, sizeof plain, keys->dps, e->account.b,
				   DS(DS_NEXT_PSK, DS_ID(device->b), DS_NUM(e->epoch + 1)),
				   d->keys_box, err);
		if (rc == 0) {
			secret_free(TAKE(keys->psk));
			secret_free(TAKE(keys->dps));
			rc = secret_from_bytes(&keys->psk, plain, err);
		}
		if (rc == 0)
			rc = secret_from_bytes(&keys->dps, plain + SECRET_BYTES, err);
		secret_wipe(plain, sizeof plain);
		if (rc < 0)
			return err_wrap(err, "new keys of epoch %llu",
					(unsigned long long)e->epoch + 1);
		keys->epoch = e->epoch + 1;
		memcpy(keys->ask_public, e->ask_public, sizeof keys->ask_public);
		memcpy(keys->aek_public, e->aek_public, sizeof keys->aek_public);
		return 0;
	}
	return err_set(err, ERR_REVOKED, "the account's keys were changed without this device");
}

static int
secret_copy(struct secret **out, const struct secret *s, struct err *err)
{
	return secret_from_bytes(out, secret_bytes(s), err);
}

static void
keys_clear(struct identity_keys *k)
{
	secret_free(k->dsk_seed);
	secret_free(k->psk);
	secret_free(k->dps);
	secret_free(k->root);
}
AUTO_OBJ(keys_clear, struct identity_keys);

/* Every rotate entry since the identity's epoch, one after the other. */
static int
adopt_rotations(struct box *b, const struct log_state *s, struct span raw, struct err *err)
{
	const struct identity *me = box_identity(b);
	AUTO(keys_clear) struct identity_keys keys = me->keys;
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	struct id16 device;
	struct span entry;
	int rc;

	keys.dsk_seed = keys.psk = keys.dps = keys.root = NULL;
	memcpy(device.b, me->device, sizeof device.b);
	if (!e)
		return err_nomem(err);
	if (secret_copy(&keys.dsk_seed, me->keys.dsk_seed, err) < 0 ||
	    secret_copy(&keys.psk, me->keys.psk, err) < 0 ||
	    secret_copy(&keys.dps, me->keys.dps, err) < 0 ||
	    secret_copy(&keys.root, me->keys.root, err) < 0)
		return -1;
	while ((rc = wire_log_next(&entry, &raw, err)) == 0) {
		if (log_entry_decode(e, entry, err) < 0)
			return -1;
		if (e->type == LOG_ROTATE && e->epoch == keys.epoch &&
		    (names_keep(b, s, keys.psk, keys.epoch, err) < 0 ||
		     rotated_keys(&keys, e, &device, err) < 0))
			return -1;
	}
	if (rc < 0)
		return -1;
	return identity_rotate(b, &keys, s->length, s->head.b, err);
}

/* Write the copy, unless it is that already: reading backups goes on where the disk is full. */
static int
copy_write(struct box *b, struct span raw, struct err *err)
{
	AUTO(buf_clear) struct buf there = BUF_INIT(LOG_COPY_BYTES_MAX);
	struct err absent;

	if (os_read_file(box_home_fd(b), LOG_COPY_FILE, &there, &absent) == 0 &&
	    span_equal(buf_span(&there), raw))
		return 0;
	return os_replace_file(box_home_fd(b), LOG_COPY_FILE, raw, 0600, err);
}

int
log_copy_adopt(struct box *b, const struct log_state *s, struct span raw, struct err *err)
{
	const struct identity *me;
	const struct log_device *d;
	struct id16 device;

	if (box_identity_need(&me, b, err) < 0 || copy_write(b, raw, err) < 0 ||
	    log_news(b, s, raw, me->log_length, err) < 0)
		return -1;
	memcpy(device.b, me->device, sizeof device.b);
	d = log_state_device(s, &device);
	if (!d || d->state != DEVICE_ALIVE) {
		err_set(err, ERR_REVOKED, "this device is shut out of the account");
		return err_hint(err, "join the account again from this terminal: cloudbox join");
	}
	if (s->epoch > me->keys.epoch)
		return adopt_rotations(b, s, raw, err);
	if (s->length == me->log_length)
		return 0;
	return identity_set_log(b, s->length, s->head.b, err);
}

/* What the copy and the identity say of each other; catches up after a crash. */
static int
copy_agree(struct box *b, const struct log_state *s, struct span raw, struct err *err)
{
	const struct identity *me = box_identity(b);
	struct hash32 known;

	if (s->length < me->log_length || me->log_length == 0 ||
	    log_copy_hash_at(&known, raw, me->log_length - 1, err) < 0 ||
	    memcmp(known.b, me->log_head, sizeof known.b) != 0)
		return err_set(err, ERR_AUTH, "this terminal's copy of the account log is damaged");
	return s->length > me->log_length ? log_copy_adopt(b, s, raw, err) : 0;
}

static int
damaged(struct err *err, const char *what)
{
	err_set(err, ERR_AUTH, "a key of this terminal is damaged (%s): nothing was sealed", what);
	return err_hint(err, "join the account again from this terminal: cloudbox join --replace");
}

int
account_check_keys(struct box *b, struct err *err)
{
	AUTO(log_state_clear) struct log_state s = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	const struct identity *me;
	const struct log_device *d;
	struct hash32 psk_check, d_check;
	struct id16 device;

	if (log_copy_read(&s, &raw, b, err) < 0 || copy_agree(b, &s, buf_span(&raw), err) < 0)
		return -1;
	me = box_identity(b);
	memcpy(device.b, me->device, sizeof device.b);
	d = log_state_device(&s, &device);
	keys_check(psk_check.b, me->keys.psk);
	keys_check(d_check.b, me->keys.root);
	if (!d || memcmp(d->dsk_public, sign_key_public(me->dsk), sizeof d->dsk_public) != 0)
		return damaged(err, "DSK");
	if (memcmp(s.aek_public, me->keys.aek_public, sizeof s.aek_public) != 0)
		return damaged(err, "AEK");
	if (!hash32_equal(&s.psk_check, &psk_check) || s.epoch != me->keys.epoch)
		return damaged(err, "PSK");
	if (!hash32_equal(&d->d_check, &d_check))
		return damaged(err, "D");
	return 0;
}

static int
alarm_other_log(struct err *err)
{
	struct err why = *err;

	err_set(err, ERR_ALARM,
		"the server's account log does not continue the one that this "
		"terminal knows: %s",
		why.msg);
	return err_hint(err, "somebody may have changed the account behind your back: compare with "
			     "another device before going on");
}

/* A log that lost entries would answer nothing new for ever: its length is asked for, too. */
static int
check_length(struct remote *remote, uint64_t known, struct err *err)
{
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };

	if (remote_heads(remote, &heads, err) < 0)
		return -1;
	if (heads.log.length >= known)
		return 0;
	err_set(err, ERR_ALARM,
		"the server's account log has %llu entries, this terminal knows %llu",
		(unsigned long long)heads.log.length, (unsigned long long)known);
	return err_hint(err, "the server shows an older state: ask its operator whether it was "
			     "restored from a backup");
}

static int
log_in_put(void *ctx, struct remote *remote, struct err *err)
{
	const struct identity *me;
	struct id16 account, device;

	if (box_identity_need(&me, ctx, err) < 0)
		return -1;
	memcpy(account.b, me->account, sizeof account.b);
	memcpy(device.b, me->device, sizeof device.b);
	if (remote_login_device(remote, &account, &device, me->dsk, err) == 0)
		return 0;
	return account_gone(ctx, remote, err);
}

int
account_login_put(struct box *b, struct remote *remote, struct err *err)
{
	if (remote_logged_in(remote, LOGIN_GET))
		return 0;
	remote_renew(remote, LOGIN_PUT, &(struct remote_renewal){ .ctx = b, .log_in = log_in_put });
	return log_in_put(b, remote, err);
}

int
account_log_refresh(struct box *b, struct remote *remote, struct err *err)
{
	AUTO(log_state_clear) struct log_state s = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	AUTO(buf_clear) struct buf more = BUF_INIT(LOG_COPY_BYTES_MAX);

	if (log_copy_read(&s, &raw, b, err) < 0 || account_login_put(b, remote, err) < 0 ||
	    remote_log(remote, s.length, &more, err) < 0)
		return -1;
	if (more.n == 0)
		return check_length(remote, s.length, err);
	if (log_copy_apply(&s, buf_span(&more), err) < 0)
		return alarm_other_log(err);
	if (buf_append(&raw, buf_span(&more), err) < 0)
		return -1;
	return log_copy_adopt(b, &s, buf_span(&raw), err);
}

static int
cannot_cut(struct err *err, const char *why)
{
	err_set(err, ERR_ALARM, "the server's account log cannot be followed: %s", text(why));
	return err_hint(err, "ask the server's operator for a newer backup of it");
}

/* The first @length entries of @raw. */
static int
first_entries(struct span *out, struct span raw, uint64_t length, struct err *err)
{
	struct span left = raw, entry;

	for (uint64_t i = 0; i < length; i++)
		if (wire_log_next(&entry, &left, err) != 0)
			return cannot_cut(err, N_("it is longer than the one known here"));
	*out = span_of(raw.p, raw.n - left.n);
	return 0;
}

static int
check_cut(const struct identity *me, const struct log_state *s, const struct log_state *now,
	  const struct hash32 *head, struct err *err)
{
	const struct log_device *d;
	struct id16 device;

	memcpy(device.b, me->device, sizeof device.b);
	if (!hash32_equal(&s->head, head))
		return cannot_cut(err, N_("it is another one than the one known here"));
	if (s->epoch != now->epoch)
		return cannot_cut(err, N_("it lacks a change of the account's keys"));
	d = log_state_device(s, &device);
	if (!d || d->state != DEVICE_ALIVE)
		return cannot_cut(err, N_("it does not know this terminal"));
	for (size_t i = 0; i < s->n_devices; i++) {
		d = log_state_device(now, &s->devices[i].id);
		if (d && d->state != s->devices[i].state)
			return cannot_cut(err, N_("it lets in a device that was shut out"));
	}
	return 0;
}

/* The identity first: a crash in between leaves a longer copy, and with it all as it was. */
int
account_log_cut(struct box *b, uint64_t length, const struct hash32 *head, struct err *err)
{
	AUTO(log_state_clear) struct log_state now = { 0 };
	AUTO(log_state_clear) struct log_state s = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	const struct identity *me;
	struct span kept;

	if (box_identity_need(&me, b, err) < 0 || log_copy_read(&now, &raw, b, err) < 0 ||
	    first_entries(&kept, buf_span(&raw), length, err) < 0)
		return -1;
	log_state_init(&s, &now.account);
	if (log_copy_apply(&s, kept, err) < 0 || check_cut(me, &s, &now, head, err) < 0)
		return -1;
	if (identity_set_log(b, s.length, s.head.b, err) < 0)
		return -1;
	return copy_write(b, kept, err);
}
