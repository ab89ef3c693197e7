/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: what a record holds, entered after decryption.
 *
 * The first byte chooses: fields as they are, fields packed and unpacked again, or a plaintext as
 * a stranger with the key would have made it.
 */
#include "format/record.h"
#include "chunk/entries.h"
#include "fuzz.h"

static struct record_packer *packer;
static struct record_unpacker *unpacker;

static void
start(void)
{
	if (packer)
		return;
	FUZZ_TRUE(record_packer_new(&packer, NULL) == 0);
	FUZZ_TRUE(record_unpacker_new(&unpacker, NULL) == 0);
}

static bool
fields_again(struct buf *again, struct record *rec, struct span fields)
{
	return record_fields_decode(rec, fields, NULL) == 0 &&
	       record_fields_encode(again, rec, NULL) == 0;
}

static void
pack(struct span fields)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(RECORD_FIELDS_BYTES_MAX);
	struct record rec, got;

	if (!fields_again(&again, &rec, fields))
		return;
	FUZZ_TRUE(rec.unknown.n || rec.path.n || span_equal(buf_span(&again), fields));
	for (int mixed = 0; mixed < 2; mixed++) {
		AUTO(buf_clear) struct buf plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX);
		AUTO(buf_clear) struct buf back = BUF_INIT(RECORD_FIELDS_BYTES_MAX);
		struct err err;

		if (record_pack(packer, &plain, &rec, mixed, &err) < 0) {
			FUZZ_TRUE(err.code == ERR_LIMIT);
			continue;
		}
		FUZZ_TRUE(record_unpack(unpacker, &got, buf_span(&plain), NULL) == 0);
		FUZZ_TRUE(record_fields_encode(&back, &got, NULL) == 0);
		FUZZ_TRUE(span_equal(buf_span(&back), buf_span(&again)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(RECORD_FIELDS_BYTES_MAX);
	AUTO(chunk_entries_clear) struct chunk_entries entries = { 0 };
	struct reader r = reader_of(span_of(data, n));
	struct record rec;

	start();
	if (read_u8(&r) & 1)
		pack(r.left);
	else if (record_unpack(unpacker, &rec, r.left, NULL) == 0) {
		(void)record_path(&rec);
		chunk_entries_decode(&entries, rec.chunks, NULL);
		record_fields_encode(&again, &rec, NULL);
	}
	return 0;
}
