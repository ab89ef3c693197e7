/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: the bodies of the protocol between terminal and server, both directions.
 *
 * docs/protocol/README.md has the table of calls; here is one struct for each body, with an encoder
 * and a decoder, or, where a body may be large, a stream that is fed pieces as they arrive.
 * Encoders append to a buf and fail with ERR_LIMIT or ERR_NOMEM only.  Decoders borrow from their
 * input, check every limit and refuse what is cut short, left over or must be zero and is not:
 * ERR_FORMAT.  Nothing here looks into a batch, log entry, wrap or object further than its length.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "crypto/login.h"
#include "format/batch.h"
#include "format/log.h"
#include "format/state.h"

#define WIRE_TOKEN_BYTES      32
#define WIRE_CHALLENGE_BYTES  LOGIN_CHALLENGE_BYTES
#define WIRE_WRAP_BYTES_MAX   1024
#define WIRE_LOG_ENTRIES_MAX  16 /* in one POST /v1/log */
#define WIRE_HAVE_MAX         4096
#define WIRE_OBJECTS_MAX      4096
#define WIRE_DEVICES_MAX      LOG_DEVICES_EVER_MAX
#define WIRE_OBJECT_BYTES_MAX (5u << 20) /* chunk/object.h has the exact one */
#define WIRE_BODY_BYTES_MAX   (1u << 20) /* of a request other than batches and chunks */
#define WIRE_BITMAP_BYTES(n)  (((size_t)(n) + 7) / 8)
#define WIRE_ITEM_ENTRY_BYTES 85

/* Part of several answers. */
struct wire_log_state {
	uint64_t length;
	struct hash32 head;
	uint64_t server_unix_ms;
};

int wire_log_state_encode(struct buf *out, const struct wire_log_state *s, struct err *err);
int wire_log_state_decode(struct wire_log_state *out, struct span in, struct err *err);

/* POST /v1/accounts; the answer is a log state. */
struct wire_account {
	struct id16 invitation;
	struct span create_entry;
	struct span add_device_entry;
	struct span passphrase_wrap;
	struct span recovery_wrap;
};

int wire_account_encode(struct buf *out, const struct wire_account *a, struct err *err);
int wire_account_decode(struct wire_account *out, struct span in, struct err *err);

/* POST /v1/login/start */
enum wire_login_by { WIRE_BY_ACCOUNT = 0, WIRE_BY_RECOVERY_FIND = 1 };

struct wire_login_start {
	enum wire_login_by by;
	enum login_kind kind;
	struct id16 id;     /* account id or rec-find */
	struct id16 device; /* zero unless kind is LOGIN_DEVICE */
};

struct wire_login_challenge {
	struct id16 account;
	uint8_t challenge[WIRE_CHALLENGE_BYTES];
	uint32_t passes, memory_kib; /* as in the wrap; zero for a device or a recovery code */
	uint8_t salt[16];
};

int wire_login_start_encode(struct buf *out, const struct wire_login_start *a, struct err *err);
int wire_login_start_decode(struct wire_login_start *out, struct span in, struct err *err);
int
wire_login_challenge_encode(struct buf *out, const struct wire_login_challenge *a, struct err *err);
int wire_login_challenge_decode(struct wire_login_challenge *out, struct span in, struct err *err);

/* POST /v1/login/finish: what was signed (crypto/login.h), but for the SPKI hash, and the
 * signature.
 */
struct wire_login_finish {
	struct login_auth auth; /* spki_hash does not travel: zeros when decoded */
	uint8_t signature[CRYPTO_SIGNATURE_BYTES];
};

struct wire_token {
	uint8_t token[WIRE_TOKEN_BYTES];
	uint64_t valid_until_unix_ms;
};

int wire_login_finish_encode(struct buf *out, const struct wire_login_finish *a, struct err *err);
int wire_login_finish_decode(struct wire_login_finish *out, struct span in, struct err *err);
int wire_token_encode(struct buf *out, const struct wire_token *t, struct err *err);
int wire_token_decode(struct wire_token *out, struct span in, struct err *err);

/* GET /v1/wraps */
struct wire_wraps {
	struct span passphrase_wrap;
	struct span recovery_wrap;
};

int wire_wraps_encode(struct buf *out, const struct wire_wraps *w, struct err *err);
int wire_wraps_decode(struct wire_wraps *out, struct span in, struct err *err);

/* GET /v1/log?from=N: entries, each with its length. */
int wire_log_append(struct buf *out, struct span entry, struct err *err);
#define WIRE_END 1
/** The next entry; *in becomes the rest.  0, WIRE_END or -1. */
int wire_log_next(struct span *entry, struct span *in, struct err *err);

/* POST /v1/log; the answer is a log state. */
struct wire_log_post {
	uint8_t n_entries; /* 1..WIRE_LOG_ENTRIES_MAX */
	struct span entries[WIRE_LOG_ENTRIES_MAX];
	struct wire_wraps wraps; /* empty where no entry changes the credentials */
};

int wire_log_post_encode(struct buf *out, const struct wire_log_post *p, struct err *err);
int wire_log_post_decode(struct wire_log_post *out, struct span in, struct err *err);

/* GET /v1/heads */
struct wire_device {
	struct id16 device;
	enum device_state state;
	uint64_t seq;
	struct hash32 head;         /* the add_device entry's hash while seq is 0 */
	uint64_t client_unix_ms;    /* of the newest batch; 0: none */
	uint64_t last_seen_unix_ms; /* server's clock; 0: never */
	uint64_t n_live;            /* live items */
};

struct wire_heads {
	struct wire_log_state log;
	struct wire_device *devices; /* owned */
	size_t n_devices, cap_devices;
};

void wire_heads_clear(struct wire_heads *h);
AUTO_OBJ(wire_heads_clear, struct wire_heads);
int wire_heads_add(struct wire_heads *h, const struct wire_device *d, struct err *err);
int wire_heads_encode(struct buf *out, const struct wire_heads *h, struct err *err);
/** @out zeroed or cleared; the caller clears it, after a failure too. */
int wire_heads_decode(struct wire_heads *out, struct span in, struct err *err);

/* GET /v1/account: how an account stands.  The times are what the server still has to run (catalog's
 * retention clock): 0 where nothing waits. */
struct wire_held {
	struct id16 device, folder;
	uint64_t since_ms; /* clearing stands still for so long */
	uint32_t losing;   /* so many of its items would lose the last old version, */
	uint32_t items;    /* of so many */
};

#define WIRE_HELD_MAX 64

struct wire_standing {
	struct wire_log_state log; /* the moment that this is of */
	uint32_t retention_days;
	uint32_t next_days; /* fewer, in next_ms */
	uint64_t next_ms;
	uint64_t lift_ms;   /* holds are lifted */
	uint64_t delete_ms; /* the account goes */
	uint64_t quota_bytes, used_bytes;
	uint32_t n_held_all; /* folders in which clearing stands still; the first of them: */
	uint32_t n_held;
	struct wire_held held[WIRE_HELD_MAX];
};

int wire_standing_encode(struct buf *out, const struct wire_standing *s, struct err *err);
int wire_standing_decode(struct wire_standing *out, struct span in, struct err *err);

/* POST /v1/have */
struct wire_have {
	struct id16 account;
	struct id16 device;
	uint64_t client_unix_ms;
	uint32_t n;       /* 0..WIRE_HAVE_MAX; 0: only asks for the newest batch */
	struct span cids; /* 32 n bytes */
	uint8_t signature[CRYPTO_SIGNATURE_BYTES];
};

struct wire_have_answer {
	uint8_t token[WIRE_TOKEN_BYTES];
	uint64_t seq;       /* of the device's newest batch; 0: none yet */
	struct hash32 head; /* of that batch; while seq is 0 the add_device entry's hash */
	struct span bitmap; /* WIRE_BITMAP_BYTES(n); bits past n are zero */
};

/** Append the body, signed by @dsk for a server whose TLS key has @spki_hash; the member signature
 *  is not looked at. */
int wire_have_sign(struct buf *out, const struct wire_have *h, const struct sign_key *dsk,
		   const uint8_t spki_hash[static CRYPTO_HASH_BYTES], struct err *err);
int wire_have_decode(struct wire_have *out, struct span in, struct err *err);
/** ERR_AUTH.  @in is the body that @h was decoded from. */
int wire_have_verify(const struct wire_have *h, struct span in,
		     const uint8_t dsk_public[static CRYPTO_PUBLIC_BYTES],
		     const uint8_t spki_hash[static CRYPTO_HASH_BYTES], struct err *err);
int wire_have_answer_encode(struct buf *out, const struct wire_have_answer *a, struct err *err);
/** @n is that of the question. */
int
wire_have_answer_decode(struct wire_have_answer *out, uint32_t n, struct span in, struct err *err);

static inline bool
wire_bit(struct span bitmap, uint32_t i)
{
	return i / 8 < bitmap.n && (bitmap.p[i / 8] >> (i % 8) & 1);
}

static inline void
wire_bit_set(uint8_t *bitmap, uint32_t i)
{
	bitmap[i / 8] = (uint8_t)(bitmap[i / 8] | 1u << (i % 8));
}

/* POST /v1/beat: a device that has nothing to send says that it lives. */
enum wire_drill { WIRE_DRILL_NONE = 0, WIRE_DRILL_PASSED = 1, WIRE_DRILL_FAILED = 2 };

#define WIRE_BEAT_BYTES   (2 * CRYPTO_ID_BYTES + 8 + 4 + 1 + 8 + CRYPTO_SIGNATURE_BYTES) /* 117 */
#define WIRE_EXPECT_S_MIN 60
#define WIRE_EXPECT_S_MAX (400u * 24 * 3600)

struct wire_beat {
	struct id16 account;
	struct id16 device;
	uint64_t client_unix_ms;
	uint32_t expect_s; /* expect me before so many seconds have passed, each time; 0: do not */
	enum wire_drill drill;  /* the last one's result */
	uint64_t drill_unix_ms; /* when, by the device's clock */
	uint8_t signature[CRYPTO_SIGNATURE_BYTES];
};

struct wire_beat_answer {
	uint64_t server_unix_ms;
	uint64_t log_length; /* of the account log */
	uint64_t seq;        /* of the device's newest batch; 0: none yet */
	struct hash32 head;  /* as in the answer to `have` */
};

/** As wire_have_sign(). */
int wire_beat_sign(struct buf *out, const struct wire_beat *b, const struct sign_key *dsk,
		   const uint8_t spki_hash[static CRYPTO_HASH_BYTES], struct err *err);
int wire_beat_decode(struct wire_beat *out, struct span in, struct err *err);
/** ERR_AUTH.  @in is the body that @b was decoded from. */
int wire_beat_verify(const struct wire_beat *b, struct span in,
		     const uint8_t dsk_public[static CRYPTO_PUBLIC_BYTES],
		     const uint8_t spki_hash[static CRYPTO_HASH_BYTES], struct err *err);
int wire_beat_answer_encode(struct buf *out, const struct wire_beat_answer *a, struct err *err);
int wire_beat_answer_decode(struct wire_beat_answer *out, struct span in, struct err *err);

/*
 * What a server tells a device of its account, in the head of answers to batches, `have`, heartbeats
 * and heads (WIRE_NOTICES_HEAD; absent: nothing): alarms that stand.  Nobody signs them: they are
 * hints to a person, and nothing is done by them.
 */
enum wire_notice_kind {
	WIRE_NOTICE_SILENCE = 1, /* a device has not come as it had said; number: its seconds */
	WIRE_NOTICE_DRILL = 2,   /* its last drill failed */
	WIRE_NOTICE_QUOTA = 3,   /* the account nears its quota; number: percent */
	WIRE_NOTICE_FILLS = 4,   /* it will reach it; number: in so many days */
	WIRE_NOTICE_HOLD = 5,    /* clearing stands still; number: in so many folders */
};

struct wire_notice {
	uint64_t id; /* the server's; never given twice */
	enum wire_notice_kind kind;
	struct id16 device;     /* zero: the account as a whole */
	uint64_t since_unix_ms; /* silence: last seen; else raised.  Server's clock */
	uint32_t number;        /* by kind */
};

#define WIRE_NOTICES_HEAD       "Cloudbox-Notices"
#define WIRE_NOTICES_MAX        8
#define WIRE_NOTICE_BYTES       37
#define WIRE_NOTICES_TEXT_BYTES 400 /* base64 of all, and NUL */

struct wire_notices {
	size_t n;
	struct wire_notice at[WIRE_NOTICES_MAX];
};

/** Bytes, and as base64url without padding for the line of a head.  Decoding passes over kinds that it
 *  does not know. */
int wire_notices_encode(struct buf *out, const struct wire_notices *n, struct err *err);
int wire_notices_decode(struct wire_notices *out, struct span in, struct err *err);
int wire_notices_print(struct buf *out, const struct wire_notices *n, struct err *err);
int wire_notices_parse(struct wire_notices *out, struct span text, struct err *err);

/* POST /v1/chunks: (cid, length, object)*, streamed. */
#define WIRE_CHUNK_HEAD_BYTES 36

void wire_chunk_head_encode(uint8_t out[static WIRE_CHUNK_HEAD_BYTES], const struct hash32 *cid,
			    uint32_t object_bytes);

/* Called as the body arrives, so that no object is ever whole in memory; each -1 ends the reading.
 */
struct wire_chunks_sink {
	void *ctx;
	int (*begin)(void *ctx, const struct hash32 *cid, uint32_t object_bytes, struct err *err);
	int (*data)(void *ctx, struct span bytes, struct err *err);
	int (*end)(void *ctx, struct err *err); /* all object_bytes have come */
};

struct wire_chunks_reader {
	struct wire_chunks_sink sink;
	uint8_t head[WIRE_CHUNK_HEAD_BYTES];
	size_t n_head;
	uint32_t left; /* bytes of the object still to come */
};

void wire_chunks_reader_init(struct wire_chunks_reader *r, const struct wire_chunks_sink *sink);
int wire_chunks_reader_feed(struct wire_chunks_reader *r, struct span piece, struct err *err);
int wire_chunks_reader_end(const struct wire_chunks_reader *r, struct err *err);

struct wire_chunks_answer {
	uint32_t n;         /* chunks of the request, as far as they were read */
	struct span bitmap; /* bit i: chunk i is stored */
};

int wire_chunks_answer_encode(struct buf *out, const struct wire_chunks_answer *a, struct err *err);
int wire_chunks_answer_decode(struct wire_chunks_answer *out, struct span in, struct err *err);

/* POST /v1/batches: the body is a batch. */
struct wire_batch_answer {
	uint64_t seq;
	struct hash32 head;
	uint64_t server_unix_ms;
	uint64_t log_length;
	uint16_t n_heads;
	struct device_head heads[BATCH_HEADS_MAX]; /* those that differ from the ones named */
};

int wire_batch_answer_encode(struct buf *out, const struct wire_batch_answer *a, struct err *err);
int wire_batch_answer_decode(struct wire_batch_answer *out, struct span in, struct err *err);

/* GET …/items and …/versions */
struct wire_item {
	struct id16 folder;
	struct id16 item;
	uint32_t version; /* from 1 */
	uint64_t seq;     /* of the batch that holds it */
	uint32_t index;   /* in that batch */
	uint8_t flags;    /* RECORD_TOMBSTONE or 0 */
	struct hash32 leaf;
	uint32_t cipher_bytes;
};

int wire_item_encode(struct buf *out, const struct wire_item *e, struct err *err);

/** The beginning of an `items` answer, before N wire_items; @prefix empty if there is no batch. */
int wire_items_begin(struct buf *out, struct span prefix, uint64_t n, struct err *err);
/** The beginning of a `versions` answer. */
int wire_versions_begin(struct buf *out, uint64_t n, struct err *err);

/* Either list as it arrives. */
struct wire_items_sink {
	void *ctx;
	/* Once, first, with what `items` begins with (prefix is empty for `versions`). */
	int (*begin)(void *ctx, struct span prefix, uint64_t n, struct err *err);
	int (*item)(void *ctx, const struct wire_item *e, struct err *err);
};

struct wire_items_reader {
	struct wire_items_sink sink;
	struct feed feed;
	bool has_prefix; /* items; not versions */
	bool begun;
	uint64_t left;
	struct wire_item last; /* for the order */
};

enum wire_list { WIRE_ITEMS, WIRE_VERSIONS };

void wire_items_reader_init(struct wire_items_reader *r, enum wire_list list,
			    const struct wire_items_sink *sink);
void wire_items_reader_clear(struct wire_items_reader *r);
AUTO_OBJ(wire_items_reader_clear, struct wire_items_reader);
/** Checks the order: items ascending by item id; versions by item, then version. */
int wire_items_reader_feed(struct wire_items_reader *r, struct span piece, struct err *err);
int wire_items_reader_end(const struct wire_items_reader *r, struct err *err);

/* POST /v1/records */
struct wire_record_at {
	uint64_t seq;
	uint32_t index;
};

struct wire_records {
	struct id16 device;
	bool proofs;
	struct wire_record_at *at; /* owned; ascending, none twice; 1..BATCH_RECORDS_MAX */
	size_t n, cap;
};

void wire_records_clear(struct wire_records *r);
AUTO_OBJ(wire_records_clear, struct wire_records);
int wire_records_add(struct wire_records *r, struct wire_record_at at, struct err *err);
/** Sorts, and drops repetitions. */
int wire_records_encode(struct buf *out, struct wire_records *r, struct err *err);
/** @out zeroed or cleared; the caller clears it, after a failure too. */
int wire_records_decode(struct wire_records *out, struct span in, struct err *err);

/* The answer of /v1/devices/DEVICE/damaged: places of live records, ascending. */
#define WIRE_DAMAGED_MAX       1000
#define WIRE_DAMAGED_BYTES_MAX (4 + 12 * WIRE_DAMAGED_MAX)

struct wire_damaged {
	struct wire_record_at at[WIRE_DAMAGED_MAX];
	uint32_t n;
};

int wire_damaged_encode(struct buf *out, const struct wire_damaged *d, struct err *err);
/** ERR_FORMAT, ERR_LIMIT. */
int wire_damaged_decode(struct wire_damaged *out, struct span in, struct err *err);

/* Frames: the answer of /v1/records, and the tail of that of /v1/item. */
enum wire_frame_kind {
	WIRE_FRAME_BATCH = 1,  /* the prefix that the next records belong to */
	WIRE_FRAME_RECORD = 2, /* a record, with its path if proofs were asked for */
	WIRE_FRAME_GONE = 3,   /* damaged or cleared */
	WIRE_FRAME_END = 4,    /* the answer is complete */
};

struct wire_frame {
	enum wire_frame_kind kind;
	struct span prefix;      /* BATCH: encoded */
	uint64_t seq;            /* RECORD, GONE */
	uint32_t index;          /* RECORD, GONE */
	struct merkle_path path; /* RECORD; n = 0 without proofs */
	struct span record;      /* RECORD: the record frame (record_frame_decode) */
};

int wire_frame_encode(struct buf *out, const struct wire_frame *f, struct err *err);

/** Spans are borrowed for the call. */
typedef int wire_frame_fn(void *ctx, const struct wire_frame *f, struct err *err);

struct wire_frames_reader {
	struct feed feed;
	wire_frame_fn *fn;
	void *ctx;
	bool ended;
};

void wire_frames_reader_init(struct wire_frames_reader *r, wire_frame_fn *fn, void *ctx);
void wire_frames_reader_clear(struct wire_frames_reader *r);
AUTO_OBJ(wire_frames_reader_clear, struct wire_frames_reader);
/** The end frame is not handed on. */
int wire_frames_reader_feed(struct wire_frames_reader *r, struct span piece, struct err *err);
/** ERR_FORMAT: the answer was cut short (no end frame). */
int wire_frames_reader_end(const struct wire_frames_reader *r, struct err *err);

/* POST /v1/item */
struct wire_item_ask {
	struct id16 device;
	struct id16 folder;
	struct id16 item;
};

/* The answer: the newest prefix, the proof, and frames. */
struct wire_item_answer {
	struct span prefix;
	struct state_proof proof; /* owned */
	struct span frames;       /* encoded; feed them to a wire_frames_reader */
};

int wire_item_ask_encode(struct buf *out, const struct wire_item_ask *a, struct err *err);
int wire_item_ask_decode(struct wire_item_ask *out, struct span in, struct err *err);
void wire_item_answer_clear(struct wire_item_answer *a);
AUTO_OBJ(wire_item_answer_clear, struct wire_item_answer);
int wire_item_answer_encode(struct buf *out, const struct wire_item_answer *a, struct err *err);
/** @out zeroed or cleared; the caller clears it, after a failure too.  Borrows from @in. */
int wire_item_answer_decode(struct wire_item_answer *out, struct span in, struct err *err);

/* POST /v1/pair/ID: what one side of a pairing says to the other; the server cannot read it. */
#define WIRE_PAIR_MESSAGES_MAX      16   /* of each side */
#define WIRE_PAIR_MESSAGE_BYTES_MAX 4352 /* more than the largest has */

struct wire_pair_say {
	uint8_t number; /* 1, 2, … of its sender; 0, with an empty message: the pairing is over */
	struct span message;
};

int wire_pair_say_encode(struct buf *out, const struct wire_pair_say *a, struct err *err);
int wire_pair_say_decode(struct wire_pair_say *out, struct span in, struct err *err);

/* The answer of the three calls about pairings. */
struct wire_pair_heard {
	uint64_t left_ms; /* until the server forgets it */
	uint8_t n;        /* GET alone */
	struct span messages[WIRE_PAIR_MESSAGES_MAX];
};

int wire_pair_heard_encode(struct buf *out, const struct wire_pair_heard *a, struct err *err);
int wire_pair_heard_decode(struct wire_pair_heard *out, struct span in, struct err *err);

/* POST /v1/objects */
struct wire_object_at {
	struct id16 device;
	struct hash32 cid;
};

int
wire_objects_encode(struct buf *out, const struct wire_object_at *at, uint32_t n, struct err *err);
/** @at has room for WIRE_OBJECTS_MAX. */
int wire_objects_decode(struct wire_object_at *at, uint32_t *n, struct span in, struct err *err);

/* The answer: each object with its length, empty if absent or damaged.  The server writes
 * put_u32(length) and the object itself. */
typedef int wire_object_fn(void *ctx, uint32_t i, struct span object, struct err *err);

struct wire_objects_reader {
	struct feed feed;
	wire_object_fn *fn;
	void *ctx;
	uint32_t i, n;
};

/** @n: as many as were asked for. */
void
wire_objects_reader_init(struct wire_objects_reader *r, uint32_t n, wire_object_fn *fn, void *ctx);
void wire_objects_reader_clear(struct wire_objects_reader *r);
AUTO_OBJ(wire_objects_reader_clear, struct wire_objects_reader);
int wire_objects_reader_feed(struct wire_objects_reader *r, struct span piece, struct err *err);
int wire_objects_reader_end(const struct wire_objects_reader *r, struct err *err);

#endif
