//! Every error code of the public contract, with its status and title.

use poem::http::StatusCode;

macro_rules! codes {
    ($($status:literal { $($variant:ident $name:literal $title:literal;)* })*) => {
        /// An error code of the public contract. Each has one status, wherever it is answered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(
                #[doc = concat!("`", $name, "` (", stringify!($status), "): ", $title, ".")]
                $variant,
            )*)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$($(Self::$variant,)*)*];

            /// The code as it stands in a problem document.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($(Self::$variant => $name,)*)* }
            }

            /// A short sentence that is the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $($(Self::$variant => $title,)*)* }
            }

            /// The HTTP status the code comes with.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $($(Self::$variant)|* => $status,)* }
            }

            /// The RFC 9457 `type`: a stable name, not an address to fetch.
            #[must_use]
            pub const fn type_uri(self) -> &'static str {
                match self { $($(Self::$variant => concat!("urn:onsale:problem:", $name),)*)* }
            }
        }
    };
}

codes! {
    400 {
        InvalidRequest "invalid_request" "The request is not valid";
        IdempotencyKeyRequired "idempotency_key_required" "This call needs an Idempotency-Key header";
    }
    401 {
        SignInRequired "sign_in_required" "Sign in first";
        AccessTokenExpired "access_token_expired" "The access token has expired";
        RefreshTokenInvalid "refresh_token_invalid" "The refresh token is not valid any more";
        StreamTicketInvalid "stream_ticket_invalid" "The address of the stream is not valid any more";
        QueueTokenInvalid "queue_token_invalid" "The queue token is missing or not valid here";
        ApiKeyInvalid "api_key_invalid" "The API key is missing or not valid";
        BadCredentials "bad_credentials" "The email address or the password is wrong";
    }
    402 {
        InsufficientPoints "insufficient_points" "The points do not suffice";
    }
    403 {
        Forbidden "forbidden" "This account may not do that";
        PassRequired "pass_required" "The concert has a waiting room, and its pass is required";
        PassExpired "pass_expired" "The pass has expired, or its visit has ended";
        PassNotYours "pass_not_yours" "The pass is somebody else's";
        VisitorBlocked "visitor_blocked" "The visitor is shut out of this waiting room";
        ChargesDisabled "charges_disabled" "This way of charging points is switched off";
    }
    404 {
        NotFound "not_found" "There is no such thing";
        CouponNotFound "coupon_not_found" "The customer has no such coupon";
    }
    405 {
        MethodNotAllowed "method_not_allowed" "This method is not available here";
    }
    409 {
        EmailTaken "email_taken" "An account with this email address exists";
        SeatsTaken "seats_taken" "Some of the seats are taken";
        SoldOut "sold_out" "So many are not left";
        NoAdjacentSeats "no_adjacent_seats" "So many free seats are not beside one another";
        NotOnSale "not_on_sale" "The performance is not on sale";
        TooManyHolds "too_many_holds" "Too many open holds";
        CapacityBelowTaken "capacity_below_taken" "More tickets are taken than there would be";
        AlreadyPaid "already_paid" "The reservation is paid";
        NotPayable "not_payable" "The reservation was given back";
        NotRefundable "not_refundable" "The reservation cannot be refunded";
        BalanceTooLarge "balance_too_large" "The account cannot hold that many points";
        PerformanceCancelled "performance_cancelled" "A cancelled performance stays cancelled";
        PerformancePreparing "performance_preparing" "The performance is still being prepared";
        WaitingRoomClosed "waiting_room_closed" "The waiting room is closed, and stays so";
        WaitingRoomNotOpen "waiting_room_not_open" "The waiting room has not opened yet";
        TooManyWaitingRooms "too_many_waiting_rooms" "The tenant has as many waiting rooms as it may";
        ConcertGuarded "concert_guarded" "The concert has a waiting room that is not closed";
        AlreadyIssued "already_issued" "The customer has a coupon of this campaign";
        CampaignNotOpen "campaign_not_open" "The campaign issues no coupons at this moment";
        CouponSpent "coupon_spent" "The coupon is spent";
        CouponNotApplicable "coupon_not_applicable" "The coupon does not apply to this reservation";
        IdempotencyInProgress "idempotency_in_progress" "A request with this key is still running";
    }
    410 {
        HoldExpired "hold_expired" "The hold has expired";
        CampaignExhausted "campaign_exhausted" "Every coupon of the campaign is issued";
        CouponExpired "coupon_expired" "The coupon has expired";
    }
    413 {
        BodyTooLarge "body_too_large" "The request body is too large";
    }
    415 {
        UnsupportedMediaType "unsupported_media_type" "This content type is not understood";
    }
    422 {
        TooManySeats "too_many_seats" "More seats than one customer may have";
        UnknownSeats "unknown_seats" "The performance has no such seats";
        InvalidSeatingPlan "invalid_seating_plan" "The seating plan is not valid";
        IdempotencyKeyReused "idempotency_key_reused" "The key was used with another request";
    }
    429 {
        RateLimited "rate_limited" "Too many requests";
    }
    500 {
        Internal "internal" "Something went wrong here";
    }
    503 {
        LineFull "line_full" "As many wait as may";
        Busy "busy" "Too busy right now";
        Unavailable "unavailable" "Something this call needs is not available";
        RequestTimeout "request_timeout" "The request took too long";
    }
}

impl Code {
    /// [`Code::status`] as poem's type.
    #[must_use]
    pub fn status_code(self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// What every operation may answer, declared without being named.
pub const EVERY: &[Code] =
    &[Code::InvalidRequest, Code::RateLimited, Code::Internal, Code::Busy, Code::Unavailable, Code::RequestTimeout];

/// What an operation with a request body may answer.
pub const BODY: &[Code] = &[Code::BodyTooLarge, Code::UnsupportedMediaType];

/// What an operation for signed-in callers may answer.
pub const SIGNED_IN: &[Code] = &[Code::SignInRequired, Code::AccessTokenExpired];

/// What an operation for customers may answer.
pub const CUSTOMER: &[Code] = &[Code::SignInRequired, Code::AccessTokenExpired, Code::Forbidden];

/// What an operation for operators may answer.
pub const OPERATOR: &[Code] = &[Code::SignInRequired, Code::AccessTokenExpired, Code::Forbidden];

/// What an operation for operators and tenants may answer.
pub const MANAGER: &[Code] = &[Code::SignInRequired, Code::AccessTokenExpired, Code::ApiKeyInvalid, Code::Forbidden];

/// What an operation for tenants may answer.
pub const TENANT: &[Code] = &[Code::ApiKeyInvalid];

/// What an operation for holders of a queue token may answer.
pub const QUEUE: &[Code] = &[Code::QueueTokenInvalid];

/// What an operation that takes an `Idempotency-Key` may answer.
pub const IDEMPOTENT: &[Code] = &[Code::IdempotencyKeyReused, Code::IdempotencyInProgress];

/// What an operation that requires an `Idempotency-Key` may answer.
pub const KEYED: &[Code] = &[Code::IdempotencyKeyRequired, Code::IdempotencyKeyReused, Code::IdempotencyInProgress];
