#include "io/rpc_tls.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

static struct status invalid(const char *option, const char *what)
{
    return status_error(CODE_INVALID_ARGUMENT, "CONFIG_INVALID", "%s %s", option, what);
}

static BIO *bio_of(const char *pem)
{
    return BIO_new_mem_buf(pem, (int)strlen(pem));
}

/* The first one. NULL where there is none. */
static X509 *certificate_of(const char *pem)
{
    BIO *bio = bio_of(pem);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return certificate;
}

static EVP_PKEY *key_of(const char *pem)
{
    BIO *bio = bio_of(pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");

    BIO_free(bio);
    return key;
}

static struct status check_pair(X509 *certificate, EVP_PKEY *key)
{
    if (!certificate)
        return invalid("SOUK_RPC_CERT_FILE", "has no PEM certificate");
    if (!key)
        return invalid("SOUK_RPC_CERT_KEY_FILE", "has no PEM private key without a password");
    if (X509_check_private_key(certificate, key) != 1)
        return invalid("SOUK_RPC_CERT_KEY_FILE", "is not the key of SOUK_RPC_CERT_FILE");
    return STATUS_OK;
}

static struct status check_own(const struct rpc_config *options)
{
    X509 *certificate = certificate_of(options->rpc_cert_file);
    EVP_PKEY *key = key_of(options->rpc_cert_key_file);
    const struct status st = check_pair(certificate, key);

    X509_free(certificate);
    EVP_PKEY_free(key);
    return st;
}

static struct status check_ca(const char *option, const char *pem)
{
    X509 *certificate = pem ? certificate_of(pem) : NULL;

    if (pem && !certificate)
        return invalid(option, "has no PEM certificate");
    X509_free(certificate);
    return STATUS_OK;
}

struct status rpc_tls_check(const struct rpc_config *options)
{
    if (!options->rpc_cert_file != !options->rpc_cert_key_file)
        return invalid("SOUK_RPC_CERT_FILE", "and SOUK_RPC_CERT_KEY_FILE go together");
    if (options->rpc_client_ca_file && !options->rpc_cert_file)
        return invalid("SOUK_RPC_CLIENT_CA_FILE", "needs SOUK_RPC_CERT_FILE");
    if (options->rpc_cert_file)
        TRY(check_own(options));
    TRY(check_ca("SOUK_RPC_CLIENT_CA_FILE", options->rpc_client_ca_file));
    return check_ca("SOUK_PEER_CA_FILE", options->peer_ca_file);
}

static grpc_ssl_pem_key_cert_pair pair_of(const struct rpc_config *options)
{
    return (grpc_ssl_pem_key_cert_pair){
        .private_key = options->rpc_cert_key_file,
        .cert_chain = options->rpc_cert_file,
    };
}

grpc_server_credentials *rpc_tls_server(const struct rpc_config *options)
{
    grpc_ssl_pem_key_cert_pair pair = pair_of(options);

    if (!options->rpc_cert_file)
        return grpc_insecure_server_credentials_create();
    return grpc_ssl_server_credentials_create_ex(
        options->rpc_client_ca_file, &pair, 1,
        options->rpc_client_ca_file ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                    : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
        NULL);
}

grpc_channel_credentials *rpc_tls_client(const struct rpc_config *options)
{
    grpc_ssl_pem_key_cert_pair pair = pair_of(options);

    if (!options->peer_ca_file)
        return grpc_insecure_credentials_create();
    return grpc_ssl_credentials_create_ex(options->peer_ca_file,
                                          options->rpc_cert_file ? &pair : NULL, NULL, NULL);
}
