/* SPDX-License-Identifier: Apache-2.0 */
/* keys: see keys.h. */
#include "crypto/keys.h"

#include <sodium.h>
#include <stdlib.h>

int
keys_seal_public(uint8_t public_key[static CRYPTO_PUBLIC_BYTES], const struct secret *private_key,
		 struct err *err)
{
	if (crypto_scalarmult_base(public_key, secret_bytes(private_key)) != 0)
		return err_set(err, ERR_AUTH, "not an X25519 key");
	return 0;
}

int
account_keys_new(struct account_keys **out, const struct secret *ars, struct err *err)
{
	AUTO(account_keys_free) struct account_keys *k = calloc(1, sizeof *k);
	AUTO(secret_free) struct secret *seed = NULL;

	if (!k)
		return err_nomem(err);
	if (secret_from_bytes(&k->ars, secret_bytes(ars), err) < 0 ||
	    secret_derive(&seed, ars, DS(DS_ACCT_SIGN, DS_NONE), err) < 0 ||
	    sign_key_new(&k->ask, seed, err) < 0 ||
	    secret_derive(&k->aek, ars, DS(DS_ACCT_SEAL, DS_NONE), err) < 0 ||
	    keys_seal_public(k->aek_public, k->aek, err) < 0 ||
	    secret_derive(&k->psk, ars, DS(DS_SEAL_PSK, DS_NONE), err) < 0)
		return -1;
	*out = TAKE(k);
	return 0;
}

void
account_keys_free(struct account_keys *k)
{
	if (!k)
		return;
	secret_free(k->ars);
	sign_key_free(k->ask);
	secret_free(k->aek);
	secret_free(k->psk);
	free(k);
}

int
account_device_psk(struct secret **out, const struct account_keys *k,
		   const uint8_t device[static CRYPTO_ID_BYTES], struct err *err)
{
	return secret_derive(out, k->ars, DS(DS_DEVICE_PSK, DS_ID(device)), err);
}

int
account_device_root(struct secret **out, const struct account_keys *k,
		    const uint8_t device[static CRYPTO_ID_BYTES], struct err *err)
{
	return secret_derive(out, k->ars, DS(DS_DEVICE_IDS, DS_ID(device)), err);
}

void
keys_account_id(uint8_t out[static CRYPTO_ID_BYTES],
		const uint8_t first_ask_public[static CRYPTO_PUBLIC_BYTES])
{
	uint8_t hash[CRYPTO_HASH_BYTES];

	ds_hash(hash, DS(DS_ACCOUNT, DS_NUM(CRYPTO_SUITE), DS_HASH32(first_ask_public)));
	memcpy(out, hash, CRYPTO_ID_BYTES);
}

void
keys_check(uint8_t out[static CRYPTO_HASH_BYTES], const struct secret *k)
{
	ds_kdf(out, secret_span(k), DS(DS_CHECK, DS_NONE));
}

int
device_keys_new(struct device_keys **out, const struct secret *root, struct err *err)
{
	AUTO(device_keys_free) struct device_keys *k = calloc(1, sizeof *k);

	if (!k)
		return err_nomem(err);
	if (secret_from_bytes(&k->root, secret_bytes(root), err) < 0 ||
	    secret_derive(&k->chunk_id, root, DS(DS_CHUNK_ID, DS_NONE), err) < 0 ||
	    secret_derive(&k->splitter, root, DS(DS_SPLITTER, DS_NONE), err) < 0 ||
	    secret_derive(&k->state, root, DS(DS_STATE, DS_NONE), err) < 0)
		return -1;
	*out = TAKE(k);
	return 0;
}

void
device_keys_free(struct device_keys *k)
{
	if (!k)
		return;
	secret_free(k->root);
	secret_free(k->chunk_id);
	secret_free(k->splitter);
	secret_free(k->state);
	free(k);
}

static void
kdf_id(uint8_t out[static CRYPTO_ID_BYTES], const struct secret *key, struct ds d)
{
	uint8_t hash[CRYPTO_HASH_BYTES];

	ds_kdf(hash, secret_span(key), d);
	memcpy(out, hash, CRYPTO_ID_BYTES);
}

void
keys_folder_id(uint8_t out[static CRYPTO_ID_BYTES], const struct device_keys *k, struct span app)
{
	kdf_id(out, k->root, DS(DS_FOLDER, DS_SPAN(app)));
}

void
keys_item_id(uint8_t out[static CRYPTO_ID_BYTES], const struct device_keys *k, struct span app,
	     struct span native_id)
{
	kdf_id(out, k->root, DS(DS_ITEM, DS_SPAN(app), DS_SPAN(native_id)));
}

int
keys_chunk_id(uint8_t out[static CRYPTO_HASH_BYTES], const struct device_keys *k, uint8_t class,
	      struct span plaintext, struct err *err)
{
	return ds_hmac(out, secret_span(k->chunk_id), DS(DS_CHUNK, DS_NUM(class)), plaintext, err);
}

void
keys_content_hash(uint8_t out[static CRYPTO_HASH_BYTES], const struct device_keys *k,
		  struct span content)
{
	ds_kdf(out, secret_span(k->state), DS(DS_CONTENT, DS_SPAN(content)));
}

int
unlock_keys_new(struct unlock_keys **out, struct span root, enum ds_label kek, enum ds_label login,
		struct err *err)
{
	AUTO(unlock_keys_free) struct unlock_keys *k = calloc(1, sizeof *k);
	AUTO(secret_free) struct secret *seed = NULL;

	if (!k)
		return err_nomem(err);
	if (secret_derive_from(&k->kek, root, DS(kek, DS_NONE), err) < 0 ||
	    secret_derive_from(&seed, root, DS(login, DS_NONE), err) < 0 ||
	    sign_key_new(&k->login, seed, err) < 0)
		return -1;
	*out = TAKE(k);
	return 0;
}

int
unlock_keys_from(struct unlock_keys **out, const struct secret *kek,
		 const struct secret *login_seed, struct err *err)
{
	AUTO(unlock_keys_free) struct unlock_keys *k = calloc(1, sizeof *k);

	if (!k)
		return err_nomem(err);
	if (secret_from_bytes(&k->kek, secret_bytes(kek), err) < 0 ||
	    sign_key_new(&k->login, login_seed, err) < 0)
		return -1;
	*out = TAKE(k);
	return 0;
}

void
unlock_keys_free(struct unlock_keys *k)
{
	if (!k)
		return;
	secret_free(k->kek);
	sign_key_free(k->login);
	free(k);
}
