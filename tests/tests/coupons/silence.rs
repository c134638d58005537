//! A database that falls silent with its connection open.

use std::future::pending;
use std::time::Duration;

use onsale_application::ports::CouponOffice;
use onsale_sql::{Database, DatabaseSettings};
use onsale_support::lanes::LaneLimits;
use onsale_tests::coupons::{office, office_on, opened};
use onsale_tests::detour::Detour;
use onsale_tests::store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than one read may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Forwards until campaigns are asked for; from then on both sides wait.
async fn forward(mut client: TcpStream, target: String) {
    let mut server = TcpStream::connect(&target).await.unwrap();
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(size @ 1..) = read else { return };
                if String::from_utf8_lossy(&asked[..size]).contains("FROM coupon_campaigns") {
                    pending::<()>().await;
                }
                server.write_all(&asked[..size]).await.unwrap();
            }
            read = server.read(&mut answered) => {
                let Ok(size @ 1..) = read else { return };
                client.write_all(&answered[..size]).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn whoever_reads_campaigns_does_not_wait_for_ever() {
    let store = Store::mysql().await;
    let campaign = opened(&store, &office(&store, LaneLimits::default()), 10).await;
    let detour = Detour::to(&store.settings.url, forward).await;
    let database = Database::connect(&DatabaseSettings::new(detour.url())).await.unwrap();
    let wired = office_on(&store, database, LaneLimits::default());
    let read = timeout(LIMIT, wired.campaigns(&[campaign])).await.expect("an answer");
    assert!(read.is_err());
}
