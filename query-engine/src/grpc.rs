//! The gRPC services: authenticate, hand over, map the error.

use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use event_model::access::Viewer;
use futures_util::{StreamExt, stream};
use grouping::rules::RULES_BYTES_MAX;
use proto::v1::{
    self, event_service_server::EventServiceServer, grouping_service_server::GroupingServiceServer,
    health_service_server::HealthServiceServer, issue_service_server::IssueServiceServer,
    live_service_server::LiveServiceServer, project_service_server::ProjectServiceServer,
    stats_service_server::StatsServiceServer,
};
use tonic::{
    Request, Response, Status, server::NamedService, service::interceptor::InterceptedService,
};
use tonic_web::GrpcWebLayer;
use tower::Layer;

use crate::{core::Core, detail, error::ApiError, live::Messages};

/// Largest request message: every request here is a filter.
const REQUEST_BYTES_MAX: usize = 256 * 1024;
/// The same with a text of rules.
const RULES_REQUEST_BYTES_MAX: usize = RULES_BYTES_MAX + REQUEST_BYTES_MAX;

/// Largest piece of a file: clients take messages of 4 MiB.
const PIECE_BYTES_MAX: usize = 1024 * 1024;

#[derive(Clone)]
struct Reads(Arc<Core>);

/// Routes of all services, for gRPC and gRPC-Web.
pub(crate) fn routes(core: &Arc<Core>) -> Router {
    let reads = Reads(Arc::clone(core));
    let authenticate = {
        let core = Arc::clone(core);
        move |mut request: Request<()>| -> Result<Request<()>, Status> {
            let headers = request.metadata().clone().into_headers();
            let viewer = core.viewer_of_method(&headers, request.extensions())?;
            request.extensions_mut().insert(viewer);
            Ok(request)
        }
    };
    macro_rules! route {
        ($router:expr, $server:ident) => {{ route!($router, $server, REQUEST_BYTES_MAX) }};
        ($router:expr, $server:ident, $bytes_max:expr) => {{
            let service = $server::new(reads.clone()).max_decoding_message_size($bytes_max);
            let service = InterceptedService::new(service, authenticate.clone());
            let path = proto::routes::service_path(<$server<Reads> as NamedService>::NAME);
            $router.route_service(&path, GrpcWebLayer::new().layer(service))
        }};
    }
    let router = Router::new();
    let router = route!(router, ProjectServiceServer);
    let router = route!(router, IssueServiceServer);
    let router = route!(router, EventServiceServer);
    let router = route!(router, GroupingServiceServer, RULES_REQUEST_BYTES_MAX);
    let router = route!(router, StatsServiceServer);
    let router = route!(router, HealthServiceServer);
    route!(router, LiveServiceServer)
}

type Answer<T> = Result<Response<T>, Status>;

/// Who asks, as the interceptor found them, and what for.
fn asked<T>(mut request: Request<T>) -> Result<(Viewer, T), Status> {
    let viewer = request.extensions_mut().remove::<Viewer>();
    let viewer = viewer.ok_or_else(|| Status::unauthenticated("sign in"))?;
    Ok((viewer, request.into_inner()))
}

/// A piece of a file as messages that every client takes.
fn messages(piece: Result<Bytes, ApiError>) -> Vec<Result<v1::ExportEventsResponse, Status>> {
    let piece = match piece {
        Ok(piece) => piece,
        Err(error) => return vec![Err(error.into())],
    };
    let parts = piece.chunks(PIECE_BYTES_MAX);
    let message = |part: &[u8]| v1::ExportEventsResponse {
        piece: part.to_vec(),
    };
    parts.map(|part| Ok(message(part))).collect()
}

#[tonic::async_trait]
impl v1::project_service_server::ProjectService for Reads {
    async fn list_projects(
        &self,
        request: Request<v1::ListProjectsRequest>,
    ) -> Answer<v1::ListProjectsResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.list_projects(&viewer, request).await?))
    }

    async fn get_project(
        &self,
        request: Request<v1::GetProjectRequest>,
    ) -> Answer<v1::GetProjectResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.get_project(&viewer, request).await?))
    }

    async fn list_members(
        &self,
        request: Request<v1::ListMembersRequest>,
    ) -> Answer<v1::ListMembersResponse> {
        let (viewer, _) = asked(request)?;
        Ok(Response::new(self.0.list_members(&viewer)))
    }

    async fn list_feedback(
        &self,
        request: Request<v1::ListFeedbackRequest>,
    ) -> Answer<v1::ListFeedbackResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.list_feedback(&viewer, request).await?))
    }

    async fn list_arrivals(
        &self,
        request: Request<v1::ListArrivalsRequest>,
    ) -> Answer<v1::ListArrivalsResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.list_arrivals(&viewer, request).await?))
    }

    async fn get_usage(
        &self,
        request: Request<v1::GetUsageRequest>,
    ) -> Answer<v1::GetUsageResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.get_usage(&viewer, request).await?))
    }

    async fn get_organization_usage(
        &self,
        request: Request<v1::GetOrganizationUsageRequest>,
    ) -> Answer<v1::GetOrganizationUsageResponse> {
        let (viewer, request) = asked(request)?;
        let answer = self.0.get_organization_usage(&viewer, request).await?;
        Ok(Response::new(answer))
    }

    async fn list_spikes(
        &self,
        request: Request<v1::ListSpikesRequest>,
    ) -> Answer<v1::ListSpikesResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.list_spikes(&viewer, request).await?))
    }

    async fn get_viewer(
        &self,
        request: Request<v1::GetViewerRequest>,
    ) -> Answer<v1::GetViewerResponse> {
        let (viewer, _) = asked(request)?;
        Ok(Response::new(self.0.get_viewer(&viewer)))
    }
}

#[tonic::async_trait]
impl v1::issue_service_server::IssueService for Reads {
    async fn list_issues(
        &self,
        request: Request<v1::ListIssuesRequest>,
    ) -> Answer<v1::ListIssuesResponse> {
        let (viewer, request) = asked(request)?;
        let page = self.0.list_issues(&viewer, request, true).await?;
        Ok(Response::new(page))
    }

    async fn get_issue(
        &self,
        request: Request<v1::GetIssueRequest>,
    ) -> Answer<v1::GetIssueResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.get_issue(&viewer, request).await?))
    }

    async fn locate_issues(
        &self,
        request: Request<v1::LocateIssuesRequest>,
    ) -> Answer<v1::LocateIssuesResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.locate_issues(&viewer, request).await?))
    }

    async fn list_activity(
        &self,
        request: Request<v1::ListActivityRequest>,
    ) -> Answer<v1::ListActivityResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.list_activity(&viewer, request).await?))
    }

    async fn list_tags(
        &self,
        request: Request<v1::ListTagsRequest>,
    ) -> Answer<v1::ListTagsResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.list_tags(&viewer, request).await?))
    }

    async fn list_similar_issues(
        &self,
        request: Request<v1::ListSimilarIssuesRequest>,
    ) -> Answer<v1::ListSimilarIssuesResponse> {
        let (viewer, request) = asked(request)?;
        let answer = self.0.list_similar_issues(&viewer, request).await?;
        Ok(Response::new(answer))
    }

    async fn complete_query(
        &self,
        request: Request<v1::CompleteQueryRequest>,
    ) -> Answer<v1::CompleteQueryResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(
            self.0.complete_query(&viewer, request).await?,
        ))
    }

    async fn list_facets(
        &self,
        request: Request<v1::ListFacetsRequest>,
    ) -> Answer<v1::ListFacetsResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.list_facets(&viewer, request).await?))
    }
}

#[tonic::async_trait]
impl v1::event_service_server::EventService for Reads {
    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Answer<v1::ListEventsResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.list_events(&viewer, request).await?))
    }

    async fn get_event(
        &self,
        request: Request<v1::GetEventRequest>,
    ) -> Answer<v1::GetEventResponse> {
        let (viewer, request) = asked(request)?;
        let whole = self.0.get_event(&viewer, request).await?;
        Ok(Response::new(detail::response(whole)))
    }

    type ExportEventsStream = Messages<v1::ExportEventsResponse>;

    async fn export_events(
        &self,
        request: Request<v1::ExportEventsRequest>,
    ) -> Answer<Self::ExportEventsStream> {
        let (viewer, request) = asked(request)?;
        let file = Arc::clone(&self.0).export_events(viewer, request).await?;
        let pieces = file.flat_map(|piece| stream::iter(messages(piece)));
        Ok(Response::new(Box::pin(pieces)))
    }

    async fn explain_grouping(
        &self,
        request: Request<v1::ExplainGroupingRequest>,
    ) -> Answer<v1::ExplainGroupingResponse> {
        let (viewer, request) = asked(request)?;
        let explanation = self.0.explain_grouping(&viewer, request).await?;
        Ok(Response::new(v1::ExplainGroupingResponse {
            explanation: Some(explanation),
        }))
    }

    async fn why_apart(
        &self,
        request: Request<v1::WhyApartRequest>,
    ) -> Answer<v1::WhyApartResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.why_apart(&viewer, request).await?))
    }
}

#[tonic::async_trait]
impl v1::grouping_service_server::GroupingService for Reads {
    async fn check_rules(
        &self,
        request: Request<v1::CheckRulesRequest>,
    ) -> Answer<v1::CheckRulesResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.check_rules(&viewer, request).await?))
    }

    type PreviewRegroupStream = Messages<v1::PreviewRegroupResponse>;

    async fn preview_regroup(
        &self,
        request: Request<v1::PreviewRegroupRequest>,
    ) -> Answer<Self::PreviewRegroupStream> {
        let (viewer, request) = asked(request)?;
        let core = Arc::clone(&self.0);
        Ok(Response::new(core.preview_regroup(viewer, request).await?))
    }
}

#[tonic::async_trait]
impl v1::stats_service_server::StatsService for Reads {
    async fn get_time_series(
        &self,
        request: Request<v1::GetTimeSeriesRequest>,
    ) -> Answer<v1::GetTimeSeriesResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(
            self.0.get_time_series(&viewer, request).await?,
        ))
    }

    async fn list_top_issues(
        &self,
        request: Request<v1::ListTopIssuesRequest>,
    ) -> Answer<v1::ListTopIssuesResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(
            self.0.list_top_issues(&viewer, request).await?,
        ))
    }

    async fn get_summary(
        &self,
        request: Request<v1::GetSummaryRequest>,
    ) -> Answer<v1::GetSummaryResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.get_summary(&viewer, request).await?))
    }

    async fn query_stats(
        &self,
        request: Request<v1::QueryStatsRequest>,
    ) -> Answer<v1::QueryStatsResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.query_stats(&viewer, request).await?))
    }

    async fn list_event_facets(
        &self,
        request: Request<v1::ListEventFacetsRequest>,
    ) -> Answer<v1::ListEventFacetsResponse> {
        let (viewer, request) = asked(request)?;
        let answer = self.0.list_event_facets(&viewer, request).await?;
        Ok(Response::new(answer))
    }

    async fn list_issue_facets(
        &self,
        request: Request<v1::ListIssueFacetsRequest>,
    ) -> Answer<v1::ListIssueFacetsResponse> {
        let (viewer, request) = asked(request)?;
        let answer = self.0.list_issue_facets(&viewer, request).await?;
        Ok(Response::new(answer))
    }

    async fn get_report(
        &self,
        request: Request<v1::GetReportRequest>,
    ) -> Answer<v1::GetReportResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.get_report(&viewer, request).await?))
    }

    async fn get_pipeline_status(
        &self,
        _: Request<v1::GetPipelineStatusRequest>,
    ) -> Answer<v1::GetPipelineStatusResponse> {
        Ok(Response::new(self.0.get_pipeline_status()))
    }

    async fn get_storage(
        &self,
        request: Request<v1::GetStorageRequest>,
    ) -> Answer<v1::GetStorageResponse> {
        let (viewer, _) = asked(request)?;
        Ok(Response::new(self.0.get_storage(&viewer).await?))
    }

    async fn get_retention(
        &self,
        request: Request<v1::GetRetentionRequest>,
    ) -> Answer<v1::GetRetentionResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.get_retention(&viewer, request).await?))
    }
}

#[tonic::async_trait]
impl v1::health_service_server::HealthService for Reads {
    async fn list_releases(
        &self,
        request: Request<v1::ListReleasesRequest>,
    ) -> Answer<v1::ListReleasesResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.list_releases(&viewer, request).await?))
    }

    async fn get_release(
        &self,
        request: Request<v1::GetReleaseRequest>,
    ) -> Answer<v1::GetReleaseResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.get_release(&viewer, request).await?))
    }

    async fn list_monitors(
        &self,
        request: Request<v1::ListMonitorsRequest>,
    ) -> Answer<v1::ListMonitorsResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(self.0.list_monitors(&viewer, request).await?))
    }

    async fn list_check_ins(
        &self,
        request: Request<v1::ListCheckInsRequest>,
    ) -> Answer<v1::ListCheckInsResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(
            self.0.list_check_ins(&viewer, request).await?,
        ))
    }
}

#[tonic::async_trait]
impl v1::live_service_server::LiveService for Reads {
    type StreamIssuesStream = Messages<v1::StreamIssuesResponse>;
    type StreamTransitionsStream = Messages<v1::StreamTransitionsResponse>;

    async fn stream_issues(
        &self,
        request: Request<v1::StreamIssuesRequest>,
    ) -> Answer<Self::StreamIssuesStream> {
        let (viewer, request) = asked(request)?;
        let core = Arc::clone(&self.0);
        Ok(Response::new(core.stream_issues(viewer, request)?))
    }

    async fn stream_transitions(
        &self,
        request: Request<v1::StreamTransitionsRequest>,
    ) -> Answer<Self::StreamTransitionsStream> {
        let (viewer, request) = asked(request)?;
        let core = Arc::clone(&self.0);
        Ok(Response::new(
            core.stream_transitions(viewer, request).await?,
        ))
    }

    async fn list_deliveries(
        &self,
        request: Request<v1::ListDeliveriesRequest>,
    ) -> Answer<v1::ListDeliveriesResponse> {
        let (viewer, request) = asked(request)?;
        Ok(Response::new(
            self.0.list_deliveries(&viewer, request).await?,
        ))
    }
}
