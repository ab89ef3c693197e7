/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two devices of one account save at the same time, and one of them is shut out in the middle of it:
 * whatever the order in which the server sees that, each commit of the one that is shut out is either
 * before the cut and counts, or is void or refused; the other one never notices.
 *
 *     thread "lost"    commits, one batch after the other, until it is refused
 *     thread "other"   commits as many
 *     thread "owner"   reads the lost one's newest batch, and shuts it out there or at an earlier one
 *     this one         reads what the server shows, all the while: always one whole state
 */
#include <pthread.h>
#include <sched.h>

#include "os/os.h"
#include "world.h"

#define ROUNDS  200
#define BATCHES 5
#define ITEMS   6
#define QUOTA   (UINT64_C(1) << 30)

/* One of the three, with keys and log of its own; the account's keys are the first one's. */
struct side {
	struct world *w;
	struct party p;
	uint64_t random;

	/* What it sent and the server took, by seq; 0: nothing yet. */
	struct hash32 heads[BATCHES + 2];
	size_t live[BATCHES + 2];
	size_t bytes[BATCHES + 2];
	uint64_t n_taken;
	int refused; /* the problem's word + 1; 0: none was */
};

static void
ok(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->msg);
}

static uint64_t
draw(uint64_t *random, uint64_t n)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random % n;
}

/* Somewhere else in the others' course than the last time. */
static void
dawdle(struct side *s)
{
	for (uint64_t n = draw(&s->random, 40); n; n--)
		sched_yield();
}

static int
replay(void *ctx, uint64_t index, struct span entry, struct err *err)
{
	(void)index;
	return log_state_apply(ctx, entry, err);
}

static int
read_log(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct log_state *log = ctx;
	struct id16 account = log->account;

	return tx->ops->log_read(tx, &account, 0, replay, log, err);
}

/* The account's log as it is there. */
static void
learn_log(struct side *s)
{
	struct id16 account = s->p.account;
	struct err err;

	log_state_clear(&s->p.log);
	log_state_init(&s->p.log, &account);
	ok(catalog_read(s->w->server.catalog, read_log, &s->p.log, &err), &err);
}

/* @of's account, seen by somebody else. */
static void
side_init(struct side *s, struct world *w, const struct party *of, uint64_t random)
{
	*s = (struct side){ .w = w, .random = random | 1, .p = *of };
	s->p.dsk = NULL;
	s->p.items = calloc(PARTY_ITEMS_MAX, sizeof(struct state_entry));
	assert_non_null(s->p.items);
	s->p.log = (struct log_state){ 0 };
	learn_log(s);
}

static void
side_clear(struct side *s)
{
	sign_key_free(s->p.dsk);
	log_state_clear(&s->p.log);
	free(s->p.items);
}

static void
save_once(struct side *s)
{
	struct party_record records[3];
	struct party_batch b;
	struct problem problem;
	size_t n = 1 + draw(&s->random, 3);
	unsigned first = (unsigned)draw(&s->random, ITEMS);

	for (size_t i = 0; i < n; i++)
		records[i] = (struct party_record){
			.folder = 1,
			.item = (first + (unsigned)i) % ITEMS,
			.tombstone = s->p.seq > 0 && draw(&s->random, 4) == 0,
		};
	party_batch_init(&b, &s->p, records, n);
	party_batch_finish(&b, &s->p);
	s->refused = world_commit(s->w, &b, &problem);
	if (s->refused == 0) {
		party_committed(&s->p, &b);
		s->n_taken = s->p.seq;
		s->heads[s->p.seq] = s->p.head;
		s->live[s->p.seq] = s->p.n_items;
		s->bytes[s->p.seq] = b.bytes.n;
	}
	party_batch_clear(&b);
}

static void *
save_all(void *arg)
{
	struct side *s = arg;

	for (int i = 0; i < BATCHES && s->refused == 0; i++) {
		dawdle(s);
		save_once(s);
	}
	return NULL;
}

/* --- the owner --- */

struct owner {
	struct side side;
	struct id16 lost;
	uint64_t cut;
	int refused;
};

struct newest {
	struct id16 account, device;
	struct catalog_device d;
	uint64_t want; /* of this batch: */
	struct hash32 head;
};

static int
read_newest(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct newest *n = ctx;
	struct catalog_batch b;

	if (tx->ops->device_get(tx, &n->d, &n->account, &n->device, err) != 0)
		return -1;
	n->head = n->d.head;
	if (n->want == UINT64_MAX || n->want >= n->d.seq)
		return 0;
	if (n->want == 0)
		return tx->ops->log_hash(tx, &n->account, 1, &n->head, err);
	if (tx->ops->batch_get(tx, &b, n->d.row, n->want, err) != 0)
		return -1;
	n->head = b.head;
	return 0;
}

static void *
shut_out(void *arg)
{
	struct owner *o = arg;
	struct newest n = { .account = o->side.p.account, .device = o->lost };
	struct log_entry e = { .type = LOG_REVOKE, .device = o->lost };
	struct err err;

	dawdle(&o->side);
	n.want = draw(&o->side.random, 3) ? UINT64_MAX : draw(&o->side.random, BATCHES);
	if (catalog_read(o->side.w->server.catalog, read_newest, &n, &err) != 0) {
		o->refused = -1;
		return NULL;
	}
	o->cut = n.want < n.d.seq ? n.want : n.d.seq;
	e.trusted_seq = o->cut;
	e.trusted_head = n.head;
	dawdle(&o->side);
	o->refused = world_extend(o->side.w, &o->side.p, &e);
	return NULL;
}

/* --- what is there --- */

struct seen {
	struct id16 account, device;
	struct catalog_device d;
	struct catalog_account a;
	uint64_t live, newest_seq; /* of items */
	bool whole;
};

static int
count_item(void *ctx, const struct catalog_item *item, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->live += item->live;
	if (item->live && item->seq > s->newest_seq)
		s->newest_seq = item->seq;
	return 0;
}

static int
see(struct catalog_tx *tx, void *ctx, struct err *err)
{
	static const struct id16 low = { { 0 } };
	struct seen *s = ctx;
	struct id16 high;
	struct catalog_batch b;

	memset(high.b, 0xff, sizeof high.b);
	s->live = s->newest_seq = 0;
	if (tx->ops->account_get(tx, &s->a, &s->account, err) != 0 ||
	    tx->ops->device_get(tx, &s->d, &s->account, &s->device, err) != 0 ||
	    tx->ops->items(tx, s->d.row, &low, &high, count_item, s, err) != 0)
		return -1;
	s->whole = s->live == s->d.live && s->newest_seq <= s->d.seq;
	if (s->d.seq > 0)
		s->whole &= tx->ops->batch_get(tx, &b, s->d.row, s->d.seq, err) == 0 &&
			    hash32_equal(&b.head, &s->d.head);
	return 0;
}

static struct seen
look(const struct side *s)
{
	struct seen seen = { .account = s->p.account, .device = s->p.device };
	struct err err;

	ok(catalog_read(s->w->server.catalog, see, &seen, &err), &err);
	return seen;
}

struct watching {
	const struct side *a, *b;
	_Atomic bool done;
	unsigned torn;
};

static void *
watch(void *arg)
{
	struct watching *w = arg;

	while (!w->done) {
		w->torn += !look(w->a).whole;
		w->torn += !look(w->b).whole;
		sched_yield();
	}
	return NULL;
}

static void
run(struct side *lost, struct side *other, struct owner *owner)
{
	struct watching watching = { .a = lost, .b = other };
	pthread_t threads[3], watcher;

	assert_int_equal(pthread_create(&watcher, NULL, watch, &watching), 0);
	assert_int_equal(pthread_create(&threads[0], NULL, save_all, lost), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, save_all, other), 0);
	assert_int_equal(pthread_create(&threads[2], NULL, shut_out, owner), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	watching.done = true;
	assert_int_equal(pthread_join(watcher, NULL), 0);
	assert_int_equal(watching.torn, 0);
}

static void
check(struct side *lost, struct side *other, const struct owner *owner)
{
	uint64_t cut = owner->cut, bytes = 0;
	struct seen seen = look(lost);

	assert_int_equal(owner->refused, 0);
	assert_true(lost->refused == 0 || lost->refused == PROBLEM_REVOKED + 1);
	assert_true(cut <= lost->n_taken);
	assert_int_equal(seen.d.state, DEVICE_REVOKED);
	assert_int_equal(seen.d.seq, cut);
	assert_int_equal(seen.d.cut_seq, cut);
	assert_true(hash32_equal(&seen.d.head, &lost->heads[cut]));
	assert_int_equal(seen.live, lost->live[cut]);
	assert_true(seen.whole);
	save_once(lost);
	assert_int_equal(lost->refused, PROBLEM_REVOKED + 1);

	seen = look(other);
	assert_int_equal(other->refused, 0);
	assert_int_equal(other->n_taken, BATCHES);
	assert_int_equal(seen.d.seq, BATCHES);
	assert_true(hash32_equal(&seen.d.head, &other->heads[BATCHES]));
	assert_int_equal(seen.live, other->live[BATCHES]);

	/* What is void weighs nothing. */
	for (uint64_t seq = 1; seq <= cut; seq++)
		bytes += lost->bytes[seq];
	for (uint64_t seq = 1; seq <= BATCHES; seq++)
		bytes += other->bytes[seq];
	assert_int_equal(seen.a.used_bytes, bytes);
}

static void
one_round(struct world *w, uint64_t *random, unsigned *before, unsigned *voided, unsigned *after)
{
	AUTO(party_clear) struct party founder;
	struct side lost, other;
	struct owner owner;

	party_init(&founder);
	world_register(w, &founder, QUOTA);
	side_init(&lost, w, &founder, draw(random, UINT64_MAX));
	lost.p.dsk = TAKE(founder.dsk);
	lost.heads[0] = founder.head;
	side_init(&other, w, &founder, draw(random, UINT64_MAX));
	world_add_device(w, &other.p);
	learn_log(&lost);
	side_init(&owner.side, w, &founder, draw(random, UINT64_MAX));
	owner.lost = founder.device;
	owner.refused = -1;
	run(&lost, &other, &owner);
	*before += owner.cut == lost.n_taken && lost.refused == 0;
	*voided += owner.cut < lost.n_taken;
	*after += lost.refused != 0;
	check(&lost, &other, &owner);
	side_clear(&lost);
	side_clear(&other);
	side_clear(&owner.side);
}

static void
every_commit_of_a_device_that_is_shut_out_is_before_the_cut_or_void(void **state)
{
	struct world *w = *state;
	uint64_t random, seed;
	const char *given = getenv("CLOUDBOX_SEED");
	unsigned before = 0, voided = 0, after = 0;

	os_random(&seed, sizeof seed);
	seed = given ? strtoull(given, NULL, 10) : seed % 1000000000;
	print_message("seed %llu\n", (unsigned long long)seed);
	random = seed * 2654435761u + 1;
	for (int i = 0; i < ROUNDS; i++)
		one_round(w, &random, &before, &voided, &after);
	/* All three happened, or the test missed what it is about. */
	print_message("cut after all: %u, with void ones: %u, refused: %u\n", before, voided,
		      after);
	assert_true(voided > 0 && after > 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_commit_of_a_device_that_is_shut_out_is_before_the_cut_or_void,
			world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
