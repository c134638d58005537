//! Coupons: campaigns, who gets one, and who has which.

mod board;
mod issue;
mod live;
mod manage;
mod owners;
mod read;

pub use board::{CampaignBoard, CampaignBoardSettings};
pub use issue::{IssueCoupon, IssueRequest};
pub use live::LiveCampaign;
pub use manage::{ManageCampaigns, NewCampaign};
pub use read::ReadCoupons;
