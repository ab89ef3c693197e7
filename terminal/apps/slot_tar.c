/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot_tar: the entries of a slot's tar; see slot.h and docs/formats/slot.md.
 *
 * POSIX.1-2001 ("pax") ustar headers with everything constant but path, size and checksum.  Reading is
 * strict: an entry is one of ours only if it is, byte for byte, what would be written for its path and
 * size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/slot.h"

#define NAME_BYTES  100
#define MODE_AT     100
#define SIZE_AT     124
#define SIZE_DIGITS 11
#define SUM_AT      148
#define TYPE_AT     156
#define MAGIC_AT    257
#define TYPE_FILE   '0'
#define TYPE_PAX    'x'

/* The checksum counts its own field as blanks. */
static void
header_fill(uint8_t block[static SLOT_BLOCK_BYTES], const char *name, uint64_t size, char type)
{
	static const uint8_t magic[8] = { 'u', 's', 't', 'a', 'r', '\0', '0', '0' };
	char digits[24];
	unsigned sum = 0;
	size_t n = strlen(name);

	memset(block, 0, SLOT_BLOCK_BYTES);
	memcpy(block, name, n < NAME_BYTES ? n : NAME_BYTES);
	memcpy(block + MODE_AT, "0000644", 8);
	memcpy(block + MODE_AT + 8, "0000000", 8);  /* owner */
	memcpy(block + MODE_AT + 16, "0000000", 8); /* group */
	snprintf(digits, sizeof digits, "%011llo", (unsigned long long)size);
	memcpy(block + SIZE_AT, digits, SIZE_DIGITS + 1);
	memcpy(block + SIZE_AT + 12, "00000000000", 12); /* time */
	memset(block + SUM_AT, ' ', 8);
	block[TYPE_AT] = (uint8_t)type;
	memcpy(block + MAGIC_AT, magic, sizeof magic);
	for (size_t i = 0; i < SLOT_BLOCK_BYTES; i++)
		sum += block[i];
	snprintf(digits, sizeof digits, "%06o", sum);
	memcpy(block + SUM_AT, digits, 7); /* six digits, NUL; the blank stays */
}

static int
append_header(struct buf *out, const char *name, uint64_t size, char type, struct err *err)
{
	uint8_t *block;

	if (buf_extend(out, SLOT_BLOCK_BYTES, &block, err) < 0)
		return -1;
	header_fill(block, name, size, type);
	return 0;
}

/* Bytes of "LENGTH path=PATH\n", whose length counts its own digits. */
static size_t
pax_bytes(const char *path)
{
	size_t rest = strlen(path) + sizeof " path=\n" - 1, n = rest + 1;

	while (n != rest + (size_t)snprintf(NULL, 0, "%zu", n))
		n = rest + (size_t)snprintf(NULL, 0, "%zu", n);
	return n;
}

static int
append_zeros(struct buf *out, size_t n, struct err *err)
{
	uint8_t *p;

	if (buf_extend(out, n, &p, err) < 0)
		return -1;
	memset(p, 0, n);
	return 0;
}

static int
append_pax(struct buf *out, const char *path, struct err *err)
{
	size_t n = pax_bytes(path);

	if (append_header(out, "path", n, TYPE_PAX, err) < 0 ||
	    buf_append_fmt(out, err, "%zu path=%s\n", n, path) < 0)
		return -1;
	return append_zeros(out, slot_padding(n), err);
}

int
slot_entry_print(struct buf *out, const char *path, uint64_t size, struct err *err)
{
	if (size > SLOT_FILE_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%s: larger than 8 GiB", path);
	if (strlen(path) > NAME_BYTES && append_pax(out, path, err) < 0)
		return -1;
	return append_header(out, path, size, TYPE_FILE, err);
}

uint64_t
slot_entry_bytes(const char *path, uint64_t size)
{
	uint64_t pax = strlen(path) > NAME_BYTES ? pax_bytes(path) : 0;

	return (pax ? SLOT_BLOCK_BYTES + pax + slot_padding(pax) : 0) + SLOT_BLOCK_BYTES + size +
	       slot_padding(size);
}

/* Reading. */

void
slot_head_clear(struct slot_head *h)
{
	buf_clear(&h->bytes);
	free(h->path);
	*h = (struct slot_head)SLOT_HEAD_INIT;
}

static int
no_slot(struct err *err)
{
	err_set(err, ERR_FORMAT, "these bytes are no saved folder");
	return err_hint(err, "a slot of a game comes from an app of the adapter `game`");
}

/* The size that a header says; UINT64_MAX: none. */
static uint64_t
header_size(const uint8_t *block)
{
	uint64_t n = 0;

	for (size_t i = 0; i < SIZE_DIGITS; i++) {
		uint8_t c = block[SIZE_AT + i];

		if (c < '0' || c > '7')
			return UINT64_MAX;
		n = n << 3 | (uint64_t)(c - '0');
	}
	return n;
}

static bool
is_zeros(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i])
			return false;
	return true;
}

/* The path of a pax record, or NULL. */
static char *
pax_path(const struct slot_head *h)
{
	static const char word[] = " path=";
	const uint8_t *p = h->bytes.p + SLOT_BLOCK_BYTES;
	size_t n = (size_t)header_size(h->bytes.p), digits = 0;

	while (digits < n && p[digits] >= '0' && p[digits] <= '9')
		digits++;
	if (digits + sizeof word > n || memcmp(p + digits, word, sizeof word - 1) != 0)
		return NULL;
	return strndup((const char *)p + digits + sizeof word - 1, n - digits - sizeof word);
}

/* All blocks are here: are they what would be written? */
static int
check(struct slot_head *h, struct err *err)
{
	AUTO(buf_clear) struct buf ours = BUF_INIT(SLOT_HEAD_BYTES_MAX);

	if (!h->path || slot_entry_print(&ours, h->path, h->size, err) < 0)
		return no_slot(err);
	return span_equal(buf_span(&ours), buf_span(&h->bytes)) ? 0 : no_slot(err);
}

/* Bytes of the pax blocks that the first block announces; 0: none; UINT64_MAX: too many. */
static uint64_t
pax_blocks(const struct slot_head *h)
{
	uint64_t n;

	if (h->bytes.p[TYPE_AT] != TYPE_PAX)
		return 0;
	n = header_size(h->bytes.p);
	return n == 0 || n > APP_PATH_MAX + 32 ? UINT64_MAX
					       : SLOT_BLOCK_BYTES + n + slot_padding(n);
}

int
slot_head_add(struct slot_head *h, struct span block, struct err *err)
{
	uint64_t pax;

	if (h->bytes.n == 0 && is_zeros(block)) {
		h->at_end = true;
		return 0;
	}
	if (buf_append(&h->bytes, block, err) < 0)
		return no_slot(err);
	pax = pax_blocks(h);
	if (pax == UINT64_MAX)
		return no_slot(err);
	if (h->bytes.n < pax + SLOT_BLOCK_BYTES)
		return SLOT_MORE;
	h->size = header_size(h->bytes.p + pax);
	h->path = pax ? pax_path(h) : strndup((const char *)h->bytes.p, NAME_BYTES);
	return check(h, err);
}
