//! What the resources can do: the use cases, wired by the binary.

use std::sync::Arc;

use onsale_application::accounts::{RegisterAccount, Sessions};
use onsale_application::availability::AvailabilityBoard;
use onsale_application::booking::{
    DescribeReservations, HoldSeats, PayReservation, ReadBookings, RefundReservation, ReleaseHold,
};
use onsale_application::catalogue::{Browse, EditCatalogue};
use onsale_application::coupons::{IssueCoupon, ManageCampaigns, ReadCoupons};
use onsale_application::points::{ChargePoints, ReadPoints};
use onsale_application::ports::{Context, QueueSeals, Seals};
use onsale_application::readiness::Readiness;
use onsale_application::waiting_room::{
    Admissions, AdmitByHand, EndPass, EnterLine, LeaveLine, ManageRooms, ManageTenants, ReadDraw, ReadStatus,
    RoomBoard, VerifyPass,
};
use onsale_domain::money::Currency;

/// Everything the API can be asked to do.
pub struct UseCases {
    /// Makes accounts.
    pub register: RegisterAccount,
    /// Signs in and out.
    pub sessions: Sessions,
    /// Looks at what is on.
    pub browse: Browse,
    /// Changes what is on.
    pub edit: EditCatalogue,
    /// Shows what is free.
    pub availability: Arc<AvailabilityBoard>,
    /// Takes seats.
    pub hold: HoldSeats,
    /// Gives holds back.
    pub release: ReleaseHold,
    /// Pays holds.
    pub pay: PayReservation,
    /// Gives payments back.
    pub refund: RefundReservation,
    /// Reads reservations and payments.
    pub bookings: ReadBookings,
    /// Adds titles and seat names to reservations.
    pub describe: DescribeReservations,
    /// Buys points.
    pub charge: ChargePoints,
    /// Reads points.
    pub points: ReadPoints,
    /// Adds and changes coupon campaigns.
    pub campaigns: ManageCampaigns,
    /// Issues coupons.
    pub issue_coupon: IssueCoupon,
    /// Reads campaigns and coupons.
    pub coupons: ReadCoupons,
    /// Adds, changes and finds waiting rooms.
    pub rooms: ManageRooms,
    /// Adds tenants, and gives and takes their API keys.
    pub tenants: ManageTenants,
    /// Gives visitors their places in line.
    pub enter: EnterLine,
    /// Gives places and visits up.
    pub leave: LeaveLine,
    /// Tells visitors where they are.
    pub place: Arc<ReadStatus>,
    /// Lets visitors in beside the schedule, and shuts visitors out.
    pub by_hand: AdmitByHand,
    /// Tells tenants whether a pass is good.
    pub verify: VerifyPass,
    /// Ends visits that tenants know to be over.
    pub end_pass: EndPass,
    /// Shows what is public about opening draws.
    pub draw: ReadDraw,
    /// Lets nobody pass a waiting room without its pass.
    pub admissions: Arc<Admissions>,
    /// Every live waiting room as this process knows it.
    pub board: Arc<RoomBoard>,
    /// Whether this process should be sent requests.
    pub readiness: Arc<Readiness>,
    /// Opens tokens.
    pub seals: Arc<dyn Seals>,
    /// Opens queue tokens and passes.
    pub queue_seals: Arc<dyn QueueSeals>,
    /// Time and identities.
    pub context: Context,
    /// The currency of points.
    pub currency: Currency,
}
