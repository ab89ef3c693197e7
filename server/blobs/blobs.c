/* SPDX-License-Identifier: Apache-2.0 */
/* blobs: the table of stores, and what is the same for all of them. */
#include "blobs/blobs.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/bytes.h"

static const struct {
	const char *scheme;
	int (*new)(struct blobs **out, const char *rest, struct err *err);
} stores[] = {
	{ "dir:", blobs_dir_new },
};

int
blobs_open_store(struct blobs **out, const char *url, struct err *err)
{
	for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
		size_t n = strlen(stores[i].scheme);
		if (!strncmp(url, stores[i].scheme, n))
			return stores[i].new(out, url + n, err);
	}
	err_set(err, ERR_USAGE, "%s is no blob store that this program knows", url);
	return err_hint(err, "write --blobs dir:FOLDER");
}

void
blobs_free(struct blobs *b)
{
	if (b)
		b->ops->free(b);
}

void
blob_name_text(char out[static BLOB_NAME_TEXT_BYTES], const struct blob_name *name)
{
	hex_encode(out, SPAN_ARRAY(name->bytes));
}

/* 0, BLOB_DAMAGED or -1. */
static int
compare(struct blobs *b, struct blob_reader *r, EVP_MD_CTX *sha, const struct blob_info *expected,
	struct err *err)
{
	uint8_t piece[16384];
	uint8_t sum[EVP_MAX_MD_SIZE];
	uint64_t size = 0;
	size_t got;

	do {
		if (b->ops->read(r, piece, sizeof piece, &got, err) < 0)
			return err->sys_errno == EIO ? BLOB_DAMAGED : -1;
		size += got;
		if (size > expected->size)
			return BLOB_DAMAGED;
		if (!EVP_DigestUpdate(sha, piece, got))
			return err_nomem(err);
	} while (got == sizeof piece);
	if (!EVP_DigestFinal_ex(sha, sum, NULL))
		return err_nomem(err);
	return size == expected->size && !memcmp(sum, expected->sha256, BLOB_SHA256_BYTES)
		       ? 0
		       : BLOB_DAMAGED;
}

int
blobs_verify(struct blobs *b, const struct blob_info *expected, struct err *err)
{
	struct blob_reader *r = NULL;
	uint64_t size;
	int rc = blobs_open(&r, &size, b, &expected->name, err);

	if (rc)
		return rc;
	if (size != expected->size) {
		b->ops->close(r);
		return BLOB_DAMAGED;
	}
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	if (!sha || !EVP_DigestInit_ex(sha, EVP_sha256(), NULL))
		rc = err_nomem(err);
	else
		rc = compare(b, r, sha, expected, err);
	EVP_MD_CTX_free(sha);
	b->ops->close(r);
	return rc;
}
