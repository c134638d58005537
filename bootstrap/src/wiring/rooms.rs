//! Waiting rooms, put together.

use std::sync::Arc;

use onsale_application::ports::{Bus, CatalogueReader, Context, Draws, PassKeys, Places, QueueSeals, Rooms, Tenants};
use onsale_application::waiting_room::{
    Admissions, AdmitByHand, BoardSettings, EndPass, EnterLine, KeepTicking, LeaveLine, Lines, ManageRooms,
    ManageTenants, OpenDraws, ReadDraw, ReadStatus, RoomBoard, RotatePassKeys, VerifyPass,
};

/// The stores of waiting rooms.
pub(super) struct RoomStores {
    pub(super) rooms: Arc<dyn Rooms>,
    pub(super) draws: Arc<dyn Draws>,
    pub(super) tenants: Arc<dyn Tenants>,
    pub(super) keys: Arc<dyn PassKeys>,
    pub(super) places: Arc<dyn Places>,
    pub(super) seals: Arc<dyn QueueSeals>,
    pub(super) catalogue: Arc<dyn CatalogueReader>,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) context: Context,
}

/// What the API can do with waiting rooms.
pub(super) struct RoomUseCases {
    pub(super) manage: ManageRooms,
    pub(super) tenants: ManageTenants,
    pub(super) enter: EnterLine,
    pub(super) leave: LeaveLine,
    pub(super) place: Arc<ReadStatus>,
    pub(super) by_hand: AdmitByHand,
    pub(super) verify: VerifyPass,
    pub(super) end_pass: EndPass,
    pub(super) draw: ReadDraw,
}

/// What must run beside the requests.
#[derive(Clone)]
pub(crate) struct RoomTasks {
    /// Every live room.
    pub(crate) board: Arc<RoomBoard>,
    /// Lets visitors in.
    pub(crate) ticking: Arc<KeepTicking>,
    /// Makes the keys of passes.
    pub(crate) keys: Arc<RotatePassKeys>,
    /// Removes what no longer matters.
    pub(crate) rooms: Arc<dyn Rooms>,
}

/// Puts everything about waiting rooms together.
pub(super) fn wire(stores: &RoomStores) -> (RoomUseCases, RoomTasks, Arc<Admissions>) {
    let RoomStores { rooms, draws, tenants, keys, places, seals, catalogue, bus, context } = stores;
    let (rooms, draws, seals, context) = (|| rooms.clone(), || draws.clone(), || seals.clone(), || context.clone());
    let board = Arc::new(RoomBoard::new(rooms(), bus.clone(), context(), BoardSettings::default()));
    let lines = Arc::new(Lines::new(rooms(), places.clone(), board.clone(), context()));
    let admissions = Arc::new(Admissions::new(board.clone(), rooms(), seals(), context()));
    let place = Arc::new(ReadStatus::new(board.clone(), rooms(), draws(), seals(), context()));
    let opening = Arc::new(OpenDraws::new(draws(), lines.clone(), board.clone()));
    let ticking = Arc::new(KeepTicking::new(board.clone(), lines.clone(), rooms(), opening, context()));
    let use_cases = RoomUseCases {
        manage: ManageRooms::new(rooms(), board.clone(), catalogue.clone(), seals(), context()),
        tenants: ManageTenants::new(tenants.clone(), seals(), context()),
        enter: EnterLine::new(board.clone(), lines.clone(), draws(), place.clone(), seals(), context()),
        leave: LeaveLine::new(board.clone(), lines.clone(), rooms(), draws(), context()),
        place,
        by_hand: AdmitByHand::new(board.clone(), lines, rooms(), ticking.clone()),
        verify: VerifyPass::new(board.clone(), rooms(), admissions.clone(), seals(), context()),
        end_pass: EndPass::new(board.clone(), rooms(), context()),
        draw: ReadDraw::new(draws(), board.clone()),
    };
    let keys = Arc::new(RotatePassKeys::new(keys.clone(), seals(), context()));
    (use_cases, RoomTasks { board, ticking, keys, rooms: rooms() }, admissions)
}
