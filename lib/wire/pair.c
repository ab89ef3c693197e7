/* SPDX-License-Identifier: Apache-2.0 */
/* pair: what carries the messages of a pairing; see wire.h. */
#include "wire/wire_internal.h"

int
wire_pair_say_encode(struct buf *out, const struct wire_pair_say *a, struct err *err)
{
	if (buf_append_byte(out, a->number, err) < 0)
		return -1;
	return append_bytes32(out, a->message, err);
}

int
wire_pair_say_decode(struct wire_pair_say *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->number = read_u8(&r);
	out->message = read_bytes32(&r, WIRE_PAIR_MESSAGE_BYTES_MAX);
	if (reader_done(&r, "a message of a pairing", err) < 0)
		return -1;
	if (out->number > WIRE_PAIR_MESSAGES_MAX || (out->number == 0) != (out->message.n == 0))
		return bad_body("a message of a pairing", err);
	return 0;
}

int
wire_pair_heard_encode(struct buf *out, const struct wire_pair_heard *a, struct err *err)
{
	if (buf_append_u64(out, a->left_ms, err) < 0 || buf_append_byte(out, a->n, err) < 0)
		return -1;
	for (size_t i = 0; i < a->n; i++)
		if (append_bytes32(out, a->messages[i], err) < 0)
			return -1;
	return 0;
}

int
wire_pair_heard_decode(struct wire_pair_heard *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->left_ms = read_u64(&r);
	out->n = read_u8(&r);
	if (out->n > WIRE_PAIR_MESSAGES_MAX)
		return bad_body("the messages of a pairing", err);
	for (size_t i = 0; i < out->n; i++)
		out->messages[i] = read_bytes32(&r, WIRE_PAIR_MESSAGE_BYTES_MAX);
	return reader_done(&r, "the messages of a pairing", err);
}
