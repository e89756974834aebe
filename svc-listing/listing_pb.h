#pragma once

/*
 * listing_pb: between messages and listings.
 */

#include "base/arena.h"
#include "base/attributes.h"
#include "listing.h"
#include "listing_repo.h"
#include "souk/listing/v1/listing.types.h"

/* `draft` is the listing's, unpacked, and part of the answer. */
MUST_USE Listing *listing_to_pb(const struct listing *listing, ItemDraft *draft,
                                struct arena *arena);
MUST_USE ListingChange *listing_record_to_pb(const struct listing_record *record,
                                             struct arena *arena);

/* LISTING_ANY for UNSPECIFIED. */
MUST_USE int listing_status_from_pb(ListingStatus status);
MUST_USE ListingStatus listing_status_to_pb(int status);

/* 0 for UNSPECIFIED. */
MUST_USE int source_from_pb(SourceType source);
MUST_USE SourceType source_to_pb(enum source source);
