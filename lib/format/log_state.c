/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_state: what a chain of log entries amounts to; see log.h.
 *
 * Invariant: every entry counted in `length` had its place, its signature and its sense checked.
 * An entry is judged in full before anything is changed, so a refused one leaves the state as it
 * was.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/array.h"
#include "crypto/ds.h"
#include "format/log.h"

void
log_state_init(struct log_state *s, const struct id16 *account)
{
	*s = (struct log_state){ .account = *account };
}

void
log_state_clear(struct log_state *s)
{
	free(s->devices);
	*s = (struct log_state){ 0 };
}

static struct log_device *
find(const struct log_state *s, const struct id16 *device)
{
	for (size_t i = 0; i < s->n_devices; i++)
		if (id16_equal(&s->devices[i].id, device))
			return &s->devices[i];
	return NULL;
}

const struct log_device *
log_state_device(const struct log_state *s, const struct id16 *device)
{
	return find(s, device);
}

size_t
log_state_alive(const struct log_state *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_devices; i++)
		n += s->devices[i].state == DEVICE_ALIVE;
	return n;
}

void
log_state_next(struct log_entry *e, const struct log_state *s)
{
	e->account = s->account;
	e->index = s->length;
	e->before = s->head;
	e->epoch = s->length == 0 ? LOG_FIRST_EPOCH : s->epoch;
}

static int
refuse(struct err *err, const struct log_entry *e, const char *why)
{
	return err_set(err, ERR_REFUSED, "log entry %llu (%s): %s", (unsigned long long)e->index,
		       log_type_name(e->type), why);
}

static int
check_place(const struct log_state *s, const struct log_entry *e, struct err *err)
{
	struct log_entry expected = { 0 };

	log_state_next(&expected, s);
	if (!id16_equal(&e->account, &s->account))
		return err_set(err, ERR_AUTH, "log entry %llu belongs to another account",
			       (unsigned long long)s->length);
	if (e->index != expected.index || !hash32_equal(&e->before, &expected.before))
		return err_set(err, ERR_CONFLICT,
			       "log entry %llu does not continue the %llu entries known",
			       (unsigned long long)e->index, (unsigned long long)s->length);
	if ((e->type == LOG_CREATE) != (e->index == 0))
		return refuse(err, e, "an account is created by its first entry only");
	if (e->epoch != expected.epoch)
		return refuse(err, e, "it is signed in another epoch");
	if (e->index >= LOG_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "the account log is full: it has %d entries",
			       LOG_ENTRIES_MAX);
	return 0;
}

/* The key that must have signed @e, for create the one that gives the account id. */
static int
signing_key(const uint8_t **key, const struct log_state *s, const struct log_entry *e,
	    struct err *err)
{
	struct id16 account;

	*key = s->ask_public;
	if (e->type != LOG_CREATE)
		return 0;
	keys_account_id(account.b, e->ask_public);
	if (!id16_equal(&account, &s->account))
		return err_set(err, ERR_AUTH, "the log's first key is not this account's");
	*key = e->ask_public;
	return 0;
}

static int
check_signatures(const struct log_state *s, const struct log_entry *e, struct span bytes,
		 struct err *err)
{
	size_t n = bytes.n - CRYPTO_SIGNATURE_BYTES;
	const uint8_t *key;

	if (signing_key(&key, s, e, err) < 0 ||
	    sign_verify(e->signature, key, DS(DS_LOG, DS_BYTES(bytes.p, n)), err) < 0)
		return -1;
	if (e->type == LOG_ROTATE)
		return sign_verify(e->new_ask_signature, e->ask_public,
				   DS(DS_LOG, DS_BYTES(bytes.p, n - CRYPTO_SIGNATURE_BYTES)), err);
	if (e->type == LOG_ADD_DEVICE)
		return log_device_verify(e, err);
	return 0;
}

static int
check_retention(const struct log_entry *e, struct err *err)
{
	return e->retention_days >= LOG_RETENTION_DAYS_MIN
		       ? 0
		       : refuse(err, e, "versions are kept for at least 30 days");
}

static int
check_add_device(const struct log_state *s, const struct log_entry *e, struct err *err)
{
	if (find(s, &e->device))
		return refuse(err, e, "the device is in the log already");
	if (log_state_alive(s) >= LOG_DEVICES_MAX || s->n_devices >= LOG_DEVICES_EVER_MAX)
		return refuse(err, e, "the account has too many devices");
	if (memcmp(e->aek_public, s->aek_public, sizeof e->aek_public) != 0 ||
	    !hash32_equal(&e->psk_check, &s->psk_check))
		return refuse(err, e, "its keys are not those of the account's epoch");
	return 0;
}

static int
check_alive(const struct log_state *s, const struct log_entry *e, const struct id16 *device,
	    struct err *err)
{
	const struct log_device *d = find(s, device);

	if (!d)
		return refuse(err, e, "there is no such device");
	return d->state == DEVICE_ALIVE ? 0 : refuse(err, e, "the device is not in use any more");
}

static int
check_replace(const struct log_state *s, const struct log_entry *e, struct err *err)
{
	const struct log_device *d = find(s, &e->device);

	if (check_alive(s, e, &e->device, err) < 0)
		return -1;
	if (!find(s, &e->old_device))
		return refuse(err, e, "there is no such device");
	if (id16_equal(&e->device, &e->old_device) || !id16_is_zero(&d->replaces))
		return refuse(err, e, "the device replaces another one already");
	/* A lost phone may have been revoked before its replacement came. */
	const struct log_device *old = find(s, &e->old_device);
	if (old->state == DEVICE_REVOKED)
		return e->trusted_seq <= old->trusted_seq
			       ? 0
			       : refuse(err, e, "it trusts more than the revocation did");
	return old->state == DEVICE_ALIVE
		       ? 0
		       : refuse(err, e, "the old device was replaced or retired already");
}

/* A rotation takes all devices along that are alive, each once. */
static int
check_rotate(const struct log_state *s, const struct log_entry *e, struct err *err)
{
	for (uint32_t i = 0; i < e->n_rotated; i++) {
		if (check_alive(s, e, &e->rotated[i].device, err) < 0)
			return -1;
		if (i > 0 && id16_compare(&e->rotated[i - 1].device, &e->rotated[i].device) >= 0)
			return refuse(err, e, "its devices are not in order");
	}
	return e->n_rotated == log_state_alive(s) ? 0 : refuse(err, e, "it leaves out a device");
}

static int
check_sense(const struct log_state *s, const struct log_entry *e, struct err *err)
{
	switch (e->type) {
	case LOG_CREATE:
	case LOG_SET_POLICY:
		return check_retention(e, err);
	case LOG_ADD_DEVICE:
		return check_add_device(s, e, err);
	case LOG_REVOKE:
	case LOG_RETIRE_DEVICE:
		return check_alive(s, e, &e->device, err);
	case LOG_REPLACE_DEVICE:
		return check_replace(s, e, err);
	case LOG_ROTATE:
		return check_rotate(s, e, err);
	case LOG_SET_SERVER:
		return memchr(e->url.p, '\0', e->url.n) ? refuse(err, e, "no proper URL") : 0;
	case LOG_REWRAP:
	case LOG_DELETE_ACCOUNT:
		return 0;
	}
	return refuse(err, e, "unknown"); /* the decoder let none through */
}

static void
set_name(struct log_device *d, struct span box, uint64_t epoch)
{
	assert(box.n <= sizeof d->name_box);
	d->name_epoch = epoch;
	d->n_name_box = (uint16_t)box.n;
	if (box.n)
		memcpy(d->name_box, box.p, box.n);
}

static void
set_keys(struct log_state *s, const struct log_entry *e)
{
	memcpy(s->ask_public, e->ask_public, sizeof s->ask_public);
	memcpy(s->aek_public, e->aek_public, sizeof s->aek_public);
	s->psk_check = e->psk_check;
	s->credentials = e->credentials;
}

/* Room was reserved by the caller. */
static void
add_device(struct log_state *s, const struct log_entry *e, const struct hash32 *hash)
{
	struct log_device *d = &s->devices[s->n_devices++];

	*d = (struct log_device){
		.id = e->device,
		.state = DEVICE_ALIVE,
		.added = *hash,
		.d_check = e->d_check,
		.epoch_added = s->epoch,
	};
	memcpy(d->dsk_public, e->dsk_public, sizeof d->dsk_public);
	set_name(d, e->name_box, s->epoch);
}

static void
end_device(struct log_state *s, const struct log_entry *e, const struct id16 *device,
	   enum device_state state)
{
	struct log_device *d = find(s, device);

	d->state = state;
	d->trusted_seq = e->trusted_seq;
	d->trusted_head = e->trusted_head;
}

static void
rotate(struct log_state *s, const struct log_entry *e)
{
	s->epoch++;
	set_keys(s, e);
	for (uint32_t i = 0; i < e->n_rotated; i++)
		set_name(find(s, &e->rotated[i].device), e->rotated[i].name_box, s->epoch);
}

/* Nothing here can fail. */
static void
change(struct log_state *s, const struct log_entry *e, const struct hash32 *hash)
{
	switch (e->type) {
	case LOG_CREATE:
		s->epoch = e->epoch;
		set_keys(s, e);
		s->retention_days = e->retention_days;
		break;
	case LOG_ADD_DEVICE:
		add_device(s, e, hash);
		break;
	case LOG_REVOKE:
		end_device(s, e, &e->device, DEVICE_REVOKED);
		break;
	case LOG_RETIRE_DEVICE:
		find(s, &e->device)->state = DEVICE_RETIRED;
		break;
	case LOG_REPLACE_DEVICE:
		end_device(s, e, &e->old_device, DEVICE_REPLACED);
		find(s, &e->old_device)->replaced_by = e->device;
		find(s, &e->device)->replaces = e->old_device;
		break;
	case LOG_ROTATE:
		rotate(s, e);
		break;
	case LOG_SET_POLICY:
		s->retention_days = e->retention_days;
		s->policy_flags = e->policy_flags;
		break;
	case LOG_SET_SERVER:
		memcpy(s->url, e->url.p, e->url.n);
		s->url[e->url.n] = '\0';
		break;
	case LOG_REWRAP:
		s->credentials = e->credentials;
		break;
	case LOG_DELETE_ACCOUNT:
		s->deleted = true;
		break;
	}
}

int
log_state_apply(struct log_state *s, struct span entry, struct err *err)
{
	struct log_entry e;
	struct hash32 hash;

	if (log_entry_decode(&e, entry, err) < 0)
		return err_wrap(err, "log entry %llu", (unsigned long long)s->length);
	if (check_place(s, &e, err) < 0)
		return -1;
	if (check_signatures(s, &e, entry, err) < 0)
		return err_wrap(err, "log entry %llu (%s)", (unsigned long long)e.index,
				log_type_name(e.type));
	if (check_sense(s, &e, err) < 0)
		return -1;
	if (e.type == LOG_ADD_DEVICE &&
	    array_reserve((void **)&s->devices, &s->cap_devices, s->n_devices + 1,
			  sizeof *s->devices, LOG_DEVICES_EVER_MAX, err) < 0)
		return -1;

	log_entry_hash(&hash, entry);
	change(s, &e, &hash);
	s->length++;
	s->head = hash;
	s->last_unix_ms = e.client_unix_ms;
	return 0;
}
