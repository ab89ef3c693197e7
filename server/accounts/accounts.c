/* SPDX-License-Identifier: Apache-2.0 */
/* accounts: see accounts.h.  Here: invitations, registration, decoys. */
#include "accounts/accounts.h"

#include <sodium.h>

#include "accounts/recipients.h"
#include "catalog/state_store.h"
#include "format/batch.h"
#include "os/os.h"

/* Codes have 128 random bits: a plain hash keeps them. */
static void
code_hash(const struct id16 *code, struct hash32 *out)
{
	crypto_generichash(out->b, sizeof out->b, code->b, sizeof code->b, NULL, 0);
}

int
invitation_tell(struct catalog_tx *tx, const struct id16 *code, const char *mail,
		const char *webhook, struct err *err)
{
	struct hash32 hash;

	code_hash(code, &hash);
	struct id16 id = recipient_invited(&hash);
	return recipient_set(tx, &id, mail, webhook, err);
}

int
invitation_make(struct catalog_tx *tx, uint64_t quota_bytes, int64_t expires_unix_ms,
		struct id16 *code, struct err *err)
{
	struct catalog_invitation inv = {
		.quota_bytes = quota_bytes,
		.expires_unix_ms = expires_unix_ms,
	};

	os_random(code->b, sizeof code->b);
	code_hash(code, &inv.hash);
	return tx->ops->invitation_put(tx, &inv, err);
}

void
registration_clear(struct registration *r)
{
	log_state_clear(&r->log);
}

/* What the log's module found wrong with an entry, as a problem. */
static int
refuse_entry(struct problem *p, const struct err *err)
{
	switch (err->code) {
	case ERR_AUTH:
		return refuse_because(p, PROBLEM_SIGNATURE, "%s", err->msg);
	case ERR_NOMEM:
	case ERR_INTERNAL:
		return -1;
	default:
		return refuse_because(p, PROBLEM_MALFORMED, "%s", err->msg);
	}
}

/* A wrap is of its kind, and the one that the credentials name. */
static int
check_wrap(struct span wrap, enum wrap_kind kind, const struct hash32 *named, struct problem *p,
	   struct err *err)
{
	struct hash32 hash;
	struct wrap w;

	if (wrap_decode(&w, wrap, err) < 0)
		return refuse_entry(p, err);
	if (w.kind != kind)
		return refuse_because(p, PROBLEM_MALFORMED, "a wrap is of the wrong kind");
	if (kind == WRAP_PASSPHRASE && passphrase_cost_check(w.cost, UINT64_MAX, err) < 0)
		return refuse_because(p, PROBLEM_MALFORMED, "%s", err->msg);
	log_wrap_hash(&hash, wrap);
	if (!hash32_equal(&hash, named))
		return refuse_because(p, PROBLEM_MALFORMED,
				      "a wrap is not the one that the log names");
	return 0;
}

static int
check_wraps(const struct log_credentials *c, struct span passphrase, struct span recovery,
	    struct problem *p, struct err *err)
{
	int rc = check_wrap(passphrase, WRAP_PASSPHRASE, &c->passphrase_wrap_hash, p, err);

	return rc ? rc : check_wrap(recovery, WRAP_RECOVERY, &c->recovery_wrap_hash, p, err);
}

int
registration_check(struct registration *r, const struct wire_account *asked, struct problem *p,
		   struct err *err)
{
	struct log_entry create, add;

	r->asked = *asked;
	code_hash(&asked->invitation, &r->invitation);
	if (log_entry_decode(&create, asked->create_entry, err) < 0 ||
	    log_entry_decode(&add, asked->add_device_entry, err) < 0)
		return refuse_entry(p, err);
	if (create.type != LOG_CREATE || add.type != LOG_ADD_DEVICE)
		return refuse_because(p, PROBLEM_MALFORMED,
				      "an account begins with create and add_device");
	log_state_init(&r->log, &create.account);
	if (log_state_apply(&r->log, asked->create_entry, err) < 0 ||
	    log_state_apply(&r->log, asked->add_device_entry, err) < 0)
		return refuse_entry(p, err);
	log_entry_hash(&r->device_hash, asked->add_device_entry);
	return check_wraps(&r->log.credentials, asked->passphrase_wrap, asked->recovery_wrap, p,
			   err);
}

/* The same registration came before, and its answer was lost. */
static int
is_repeated(struct catalog_tx *tx, const struct registration *r, struct err *err)
{
	struct hash32 stored;
	int rc = tx->ops->log_hash(tx, &r->log.account, 1, &stored, err);

	return rc < 0 ? -1 : rc == 0 && hash32_equal(&stored, &r->device_hash);
}

static int
take_invitation(struct catalog_tx *tx, const struct registration *r, int64_t now_unix_ms,
		struct catalog_invitation *inv, struct problem *p, struct err *err)
{
	int rc = tx->ops->invitation_get(tx, inv, &r->invitation, err);

	if (rc == CATALOG_ABSENT)
		return refuse(p, PROBLEM_INVITATION);
	if (rc < 0)
		return -1;
	if (inv->used)
		return refuse(p, PROBLEM_INVITATION_USED);
	if (inv->expires_unix_ms <= now_unix_ms)
		return refuse(p, PROBLEM_INVITATION);
	inv->used = true;
	inv->used_by = r->log.account;
	return tx->ops->invitation_put(tx, inv, err);
}

static int
store_account(struct catalog_tx *tx, const struct registration *r, uint64_t quota_bytes,
	      int64_t now_unix_ms, struct problem *p, struct err *err)
{
	const struct log_credentials *c = &r->log.credentials;
	struct catalog_account a = {
		.account = r->log.account,
		.quota_bytes = quota_bytes,
		.created_unix_ms = now_unix_ms,
		.epoch = r->log.epoch,
		.log_length = r->log.length,
		.log_head = r->log.head,
		.recovery_find = c->recovery_find,
		.retention_days = r->log.retention_days,
	};
	struct catalog_device d = {
		.account = r->log.account,
		.device = r->log.devices[0].id,
		.added_unix_ms = now_unix_ms,
		.head = r->device_hash,
	};
	struct hash32 create_hash;

	memcpy(a.ask, r->log.ask_public, sizeof a.ask);
	memcpy(a.passphrase_key, c->passphrase_login, sizeof a.passphrase_key);
	memcpy(a.recovery_key, c->recovery_login, sizeof a.recovery_key);
	memcpy(d.key, r->log.devices[0].dsk_public, sizeof d.key);
	log_entry_hash(&create_hash, r->asked.create_entry);
	int rc = tx->ops->account_add(tx, &a, err);
	if (rc == CATALOG_EXISTS)
		return refuse(p, PROBLEM_EXISTS);
	if (rc < 0 ||
	    tx->ops->log_add(tx, &a.account, 0, &create_hash, r->asked.create_entry, err) < 0 ||
	    tx->ops->log_add(tx, &a.account, 1, &r->device_hash, r->asked.add_device_entry, err) <
		    0 ||
	    tx->ops->wraps_put(tx, &a.account, r->asked.passphrase_wrap, r->asked.recovery_wrap,
			       err) < 0 ||
	    tx->ops->device_add(tx, &d, err) < 0)
		return -1;
	return 0;
}

int
registration_commit(struct catalog_tx *tx, const struct registration *r, int64_t now_unix_ms,
		    struct problem *p, struct err *err)
{
	struct catalog_invitation inv = { 0 };
	int rc = take_invitation(tx, r, now_unix_ms, &inv, p, err);

	if (rc == 0) {
		rc = store_account(tx, r, inv.quota_bytes, now_unix_ms, p, err);
		return rc ? rc : recipient_take(tx, &r->invitation, &r->log.account, err);
	}
	if (rc == REFUSED && inv.used && id16_equal(&inv.used_by, &r->log.account)) {
		int repeated = is_repeated(tx, r, err);
		return repeated < 0 ? -1 : repeated ? 0 : rc;
	}
	return rc;
}

/* --- growing a log --- */

static int
replay(void *ctx, uint64_t index, struct span entry, struct err *err)
{
	(void)index;
	return log_state_apply(ctx, entry, err);
}

/* An entry whose place is taken: by itself (it came before), or by another. */
static int
compare_stored(struct catalog_tx *tx, const struct id16 *account, uint64_t index,
	       const struct hash32 *hash, struct err *err)
{
	struct hash32 stored;
	int rc = tx->ops->log_hash(tx, account, index, &stored, err);

	return rc < 0 ? -1 : rc == 0 && hash32_equal(&stored, hash);
}

static int
add_device(struct catalog_tx *tx, const struct id16 *account, const struct log_entry *e,
	   const struct hash32 *hash, int64_t now_unix_ms, struct err *err)
{
	struct catalog_device d = {
		.account = *account,
		.device = e->device,
		.added_unix_ms = now_unix_ms,
		.head = *hash,
	};

	memcpy(d.key, e->dsk_public, sizeof d.key);
	int rc = tx->ops->device_add(tx, &d, err);
	if (rc == CATALOG_EXISTS)
		return err_set(err, ERR_REFUSED, "the device exists already");
	return rc;
}

/* When the batch @d->seq was made, as its device says; 0: there is none, or it was cleared. */
static int
read_client_time(struct catalog_tx *tx, struct catalog_device *d, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	struct batch_prefix prefix;
	size_t n;
	int rc;

	d->client_unix_ms = 0;
	if (!d->seq)
		return 0;
	rc = tx->ops->batch_prefix(tx, d->row, d->seq, &bytes, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	if (batch_prefix_decode(&prefix, buf_span(&bytes), &n, err) != 0)
		return -1;
	d->client_unix_ms = (int64_t)prefix.header.client_unix_ms;
	return 0;
}

/* Nothing that the device saved after @cut counts any more; its state is again that of the batch
 * @cut, whose head is @head. */
static int
cut_off(struct catalog_tx *tx, struct catalog_account *a, struct catalog_device *d, uint64_t cut,
	const struct hash32 *head, struct err *err)
{
	struct catalog_state state;
	struct hash32 root;
	uint64_t n_bytes, n_uncommitted;

	if (tx->ops->device_cut(tx, d, cut, &n_bytes, &n_uncommitted, err) < 0 ||
	    read_client_time(tx, d, err) < 0)
		return -1;
	d->head = *head;
	a->used_bytes -= n_bytes < a->used_bytes ? n_bytes : a->used_bytes;
	a->uncommitted_bytes -=
		n_uncommitted < a->uncommitted_bytes ? n_uncommitted : a->uncommitted_bytes;
	catalog_state_init(&state, tx, d->row);
	return state_rebuild(&root, &state.store, d->live, err);
}

static int
get_device(struct catalog_tx *tx, struct catalog_device *d, const struct id16 *account,
	   const struct id16 *device, struct err *err)
{
	int rc = tx->ops->device_get(tx, d, account, device, err);

	return rc == CATALOG_ABSENT ? err_set(err, ERR_FORMAT, "a device of the log has no row")
				    : rc;
}

/* Revoked or replaced: @e says up to which batch it is trusted. */
static int
shut_out(struct catalog_tx *tx, struct catalog_account *a, const struct log_growth *g,
	 const struct log_entry *e, const struct id16 *device, enum device_state state,
	 struct catalog_device *d, struct err *err)
{
	const struct log_device *logged = log_state_device(&g->log, device);

	if (get_device(tx, d, &a->account, device, err) < 0)
		return -1;
	d->state = state;
	d->cut_seq = e->trusted_seq;
	if (d->seq > e->trusted_seq &&
	    cut_off(tx, a, d, e->trusted_seq, e->trusted_seq ? &e->trusted_head : &logged->added,
		    err) < 0)
		return -1;
	return tx->ops->device_put(tx, d, err);
}

static int
retire_device(struct catalog_tx *tx, const struct id16 *account, const struct log_entry *e,
	      struct err *err)
{
	int64_t now_ms = tx->ops->clock(tx);
	struct catalog_device d;

	if (get_device(tx, &d, account, &e->device, err) < 0)
		return -1;
	d.state = DEVICE_RETIRED;
	d.ended_ms = now_ms ? now_ms : 1; /* 0 is none */
	return tx->ops->device_put(tx, &d, err);
}

static int
replace_device(struct catalog_tx *tx, struct catalog_account *a, const struct log_growth *g,
	       const struct log_entry *e, struct err *err)
{
	struct catalog_device old, new;

	if (shut_out(tx, a, g, e, &e->old_device, DEVICE_REPLACED, &old, err) < 0 ||
	    get_device(tx, &new, &a->account, &e->device, err) < 0)
		return -1;
	new.replaces_row = old.row;
	return tx->ops->device_put(tx, &new, err);
}

/* Keeping longer holds at once, keeping less waits; so does lifting a hold. */
static void
set_policy(struct catalog_account *a, const struct log_entry *e, int64_t now_ms)
{
	a->next_days = 0;
	a->next_at_ms = 0;
	if (e->retention_days >= a->retention_days) {
		a->retention_days = e->retention_days;
	} else {
		a->next_days = e->retention_days;
		a->next_at_ms = now_ms + RETENTION_WAIT_MS;
	}
	if (e->policy_flags & LOG_POLICY_LIFT) {
		a->lift_from_ms = now_ms;
		a->lift_at_ms = now_ms + RETENTION_WAIT_MS;
	}
}

/* What an entry that was checked means for the rows of devices; the account's own follow from the
 * log's state in the end. */
static int
act_on(struct catalog_tx *tx, struct catalog_account *a, const struct log_growth *g,
       const struct log_entry *e, const struct hash32 *hash, int64_t now_unix_ms, struct err *err)
{
	struct catalog_device d;

	switch (e->type) {
	case LOG_ADD_DEVICE:
		return add_device(tx, &a->account, e, hash, now_unix_ms, err);
	case LOG_REVOKE:
		return shut_out(tx, a, g, e, &e->device, DEVICE_REVOKED, &d, err);
	case LOG_RETIRE_DEVICE:
		return retire_device(tx, &a->account, e, err);
	case LOG_REPLACE_DEVICE:
		return replace_device(tx, a, g, e, err);
	case LOG_SET_POLICY:
		set_policy(a, e, tx->ops->clock(tx));
		return 0;
	case LOG_DELETE_ACCOUNT:
		a->delete_at_ms = tx->ops->clock(tx) + RETENTION_WAIT_MS;
		return 0;
	case LOG_CREATE:
	case LOG_ROTATE:
	case LOG_SET_SERVER:
	case LOG_REWRAP:
		return 0;
	}
	return err_set(err, ERR_UNSUPPORTED, "log entry of an unknown type");
}

/* Where the log stands, for a client that had another idea. */
static int
refuse_log(struct problem *p, const struct log_state *log)
{
	refuse(p, PROBLEM_LOG);
	p->length = log->length;
	p->head = log->head;
	return REFUSED;
}

void
log_growth_clear(struct log_growth *g)
{
	log_state_clear(&g->log);
}

/* The next entry of a post: there already, or one that continues the log. */
static int
check_entry(struct log_growth *g, struct catalog_tx *tx, struct span entry, struct problem *p,
	    struct err *err)
{
	struct hash32 hash;
	struct log_entry e;

	if (log_entry_decode(&e, entry, err) < 0)
		return refuse_entry(p, err);
	log_entry_hash(&hash, entry);
	if (e.index < g->from) {
		int same = compare_stored(tx, &g->log.account, e.index, &hash, err);
		g->n_known++;
		return same < 0 ? -1 : same ? 0 : refuse_log(p, &g->log);
	}
	if (log_state_apply(&g->log, entry, err) < 0)
		return err->code == ERR_CONFLICT ? refuse_log(p, &g->log) : refuse_entry(p, err);
	return 0;
}

int
log_growth_check(struct log_growth *g, struct catalog_tx *tx, const struct id16 *account,
		 const struct wire_log_post *post, struct problem *p, struct err *err)
{
	int rc = 0;

	log_growth_clear(g);
	*g = (struct log_growth){ .post = *post };
	log_state_init(&g->log, account);
	if (tx->ops->log_read(tx, account, 0, replay, &g->log, err) < 0)
		return -1;
	struct log_credentials before = g->log.credentials;
	g->from = g->log.length;
	g->from_head = g->log.head;
	for (uint8_t i = 0; i < post->n_entries && rc == 0; i++)
		rc = check_entry(g, tx, post->entries[i], p, err);
	if (rc)
		return rc;
	g->new_credentials = memcmp(&before, &g->log.credentials, sizeof before) != 0;
	return g->new_credentials ? check_wraps(&g->log.credentials, post->wraps.passphrase_wrap,
						post->wraps.recovery_wrap, p, err)
				  : 0;
}

bool
log_growth_is_known(const struct log_growth *g)
{
	return g->n_known == g->post.n_entries;
}

/* The account's row as the log has it, and its wraps where the credentials changed. */
static int
settle_account(const struct log_growth *g, struct catalog_tx *tx, struct catalog_account *a,
	       struct err *err)
{
	const struct log_state *log = &g->log;
	const struct log_credentials *c = &log->credentials;

	if (g->new_credentials &&
	    tx->ops->wraps_put(tx, &log->account, g->post.wraps.passphrase_wrap,
			       g->post.wraps.recovery_wrap, err) < 0)
		return -1;
	a->epoch = log->epoch;
	a->log_length = log->length;
	a->log_head = log->head;
	a->recovery_find = c->recovery_find;
	memcpy(a->ask, log->ask_public, sizeof a->ask);
	memcpy(a->passphrase_key, c->passphrase_login, sizeof a->passphrase_key);
	memcpy(a->recovery_key, c->recovery_login, sizeof a->recovery_key);
	return tx->ops->account_put(tx, a, err);
}

int
log_growth_commit(const struct log_growth *g, struct catalog_tx *tx, int64_t now_unix_ms,
		  struct problem *p, struct err *err)
{
	const struct id16 *account = &g->log.account;
	struct catalog_account a;
	struct hash32 hash;
	struct log_entry e;
	int rc = tx->ops->account_get(tx, &a, account, err);

	if (rc)
		return rc < 0 ? -1 : refuse(p, PROBLEM_ACCOUNT);
	if (a.log_length != g->from || !hash32_equal(&a.log_head, &g->from_head))
		return LOG_MOVED;
	for (uint8_t i = g->n_known; i < g->post.n_entries; i++) {
		struct span entry = g->post.entries[i];

		log_entry_hash(&hash, entry);
		if (log_entry_decode(&e, entry, err) < 0 ||
		    tx->ops->log_add(tx, account, e.index, &hash, entry, err) < 0 ||
		    act_on(tx, &a, g, &e, &hash, now_unix_ms, err) < 0)
			return -1;
	}
	return settle_account(g, tx, &a, err);
}

bool
account_is_relaxing(const struct catalog_account *a)
{
	return a->next_at_ms || a->lift_at_ms || a->delete_at_ms;
}

void
account_call_off(struct catalog_account *a)
{
	a->next_days = 0;
	a->next_at_ms = a->lift_from_ms = a->lift_at_ms = a->delete_at_ms = 0;
}

/* --- decoys --- */

#define DECOY_SETTING "decoy"

int
decoy_load(struct decoy *d, struct catalog_tx *tx, struct err *err)
{
	AUTO(buf_clear) struct buf stored = BUF_INIT(sizeof d->secret);
	int rc = tx->ops->setting_get(tx, DECOY_SETTING, &stored, err);

	if (rc == 0 && stored.n == sizeof d->secret) {
		memcpy(d->secret, stored.p, sizeof d->secret);
		return 0;
	}
	if (rc < 0)
		return -1;
	os_random(d->secret, sizeof d->secret);
	return tx->ops->setting_put(tx, DECOY_SETTING, SPAN_ARRAY(d->secret), err);
}

static void
decoy_bytes(const struct decoy *d, uint8_t what, const struct id16 *id, uint8_t out[static 16])
{
	uint8_t in[1 + sizeof id->b];

	in[0] = what;
	memcpy(in + 1, id->b, sizeof id->b);
	crypto_generichash(out, 16, in, sizeof in, d->secret, sizeof d->secret);
}

void
decoy_account(const struct decoy *d, const struct id16 *find, struct id16 *account)
{
	decoy_bytes(d, 1, find, account->b);
}

void
decoy_kdf(const struct decoy *d, const struct id16 *account, struct wire_login_challenge *out)
{
	struct passphrase_cost cost = passphrase_cost_default(UINT64_MAX);

	out->passes = cost.passes;
	out->memory_kib = cost.memory_kib;
	decoy_bytes(d, 2, account, out->salt);
}
